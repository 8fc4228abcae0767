"""Holds the locked packages against the public list of vulnerabilities, by pip-audit.

Exit codes: 0 none is known, 1 one is, 2 the list could not be had: then nothing is known, and that is what it says.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements" / "dev.txt"  # holds everything that the other locks hold
COMMAND = ("-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
SAFE, VULNERABLE, UNKNOWN = 0, 1, 2


def verdict(packages: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Return the exit code for pip-audit's list of packages, and what to say."""
    known = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in {weakness['fix_versions'] or 'none yet'}"
        for package in packages
        for weakness in package.get("vulns", ())
    ]
    skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
    if known:
        return VULNERABLE, "\n".join(known)
    if skipped or not packages:
        return UNKNOWN, f"not audited: {len(skipped)} of {len(packages)} packages, for {(skipped or ['none'])[0]}"
    return SAFE, f"{len(packages)} packages, no known vulnerability"


def main() -> int:
    """Audit the lock and return the exit code."""
    done = subprocess.run(  # noqa: S603 -- our own interpreter and arguments
        [sys.executable, *COMMAND, "--requirement", str(LOCK)], capture_output=True, text=True, check=False
    )
    try:
        code, said = verdict(json.loads(done.stdout)["dependencies"])
    except ValueError:
        code, said = UNKNOWN, f"not audited: {(done.stderr.strip().splitlines() or ['pip-audit said nothing'])[-1]}"
    sys.stderr.write(f"audit: {said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
