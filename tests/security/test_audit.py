"""What the audit of the locked packages makes of pip-audit's answers; the audit itself needs the network."""

import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
GOOD: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
WEAK: dict[str, Any] = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED: dict[str, Any] = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([GOOD], 0, "1 packages, no known vulnerability"),
        ([GOOD, WEAK], 1, "b 2: PYSEC-1, mended in ['3']"),
        ([WEAK, SKIPPED], 1, "b 2: PYSEC-1, mended in ['3']"),
        ([GOOD, SKIPPED], 2, "not audited: 1 of 2 packages, for not found"),
        ([], 2, "not audited: 0 of 0 packages, for none"),
    ],
    ids=["safe", "vulnerable", "vulnerable and unknown", "unknown", "nothing"],
)
def test_only_what_was_audited_counts_as_safe(packages: list[dict[str, Any]], code: int, said: str) -> None:
    """A known vulnerability fails, and a package of which nothing is known is not called safe."""
    assert runpy.run_path(str(AUDIT))["verdict"](packages) == (code, said)
