"""The generated pages: where each lies, and what gives its text."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.reference.logs_page import ROOT, logs_page
from tests.reference.metrics_page import metrics_page

PAGES: Mapping[Path, Callable[[], str]] = {
    ROOT / "docs/metrics.md": metrics_page,
    ROOT / "docs/logs.md": logs_page,
}
