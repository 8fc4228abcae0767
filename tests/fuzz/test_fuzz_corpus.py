"""What fuzzing found worth keeping is met by every run of the suite, without a fuzzer."""

from pathlib import Path

import pytest

from tests.fuzz.targets import SEEDS, TARGETS

CORPUS = Path(__file__).parent / "corpus"
LARGEST_BYTES = 200_000  # of all together


@pytest.mark.parametrize("target", TARGETS)
def test_kept_and_golden_bodies_hold(target: str) -> None:
    """Each body that once reached new code, or once was a finding, is read or refused as any other."""
    bodies = [path.read_bytes() for path in (*SEEDS[target], *sorted((CORPUS / target).iterdir()))]
    assert bodies
    for body in bodies:
        TARGETS[target](body)


def test_the_corpus_stays_small_and_has_no_orphans() -> None:
    """Every file belongs to a target, and all together are a small part of the repository."""
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} <= TARGETS.keys()
    assert sum(path.stat().st_size for path in files) <= LARGEST_BYTES
