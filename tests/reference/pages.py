"""The generated pages: where each lies, and what gives its text."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from relay.providers import PROVIDERS
from tests.reference.decisions_page import decisions_page
from tests.reference.logs_page import ROOT, logs_page
from tests.reference.metrics_page import metrics_page
from tests.reference.provider_page import provider_page

PAGES: Mapping[Path, Callable[[], str]] = {
    ROOT / "docs/metrics.md": metrics_page,
    ROOT / "docs/logs.md": logs_page,
    ROOT / "docs/decisions/README.md": decisions_page,
    **{ROOT / f"docs/providers/{name}.md": partial(provider_page, name) for name in PROVIDERS},
}
