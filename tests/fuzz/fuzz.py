"""Fuzzes one target, guided by coverage: `python tests/fuzz/fuzz.py TARGET SECONDS`, or `make fuzz SECONDS=60` for all.

Starts from the kept corpus and the golden cases. A finding is written to tests/fuzz/corpus/TARGET, where the suite
meets it from then on. With a third argument, a folder, everything that reached new code is kept there.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["relay", "defusedxml", "json"]):
    from tests.fuzz.targets import SEEDS, TARGETS

CORPUS, WORDS = Path(__file__).parent / "corpus", Path(__file__).parent / "words.dict"
LONGEST_BYTES, SLOWEST_SECONDS = 4096, 5


def main(target: str, seconds: str, kept: str | None = None) -> None:
    """Run until the time is over (exit code 0) or something is found."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(kept or folder)
        for number, seed in enumerate(SEEDS[target]):
            (found / f"{number}-{seed.name}").write_bytes(seed.read_bytes())
        limits = [
            f"-max_total_time={seconds}",
            f"-max_len={LONGEST_BYTES}",
            f"-timeout={SLOWEST_SECONDS}",
            f"-dict={WORDS}",
        ]
        places = [f"-artifact_prefix={CORPUS / target}/", str(found), str(CORPUS / target)]
        atheris.Setup([sys.argv[0], "-print_final_stats=1", *limits, *places], TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
