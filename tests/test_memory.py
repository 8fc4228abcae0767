"""Memory that is free goes back to the system, also where something in use lies behind it."""

import ctypes
import gc
import subprocess
import sys

import psutil
import pytest

from relay.memory import give_back

MEGABYTE = 1_048_576
HELD = 100 * MEGABYTE
SIZE = 2_000


def resident() -> int:
    """Return how much of this process lies in memory."""
    return psutil.Process().memory_info().rss


def measured() -> None:
    """Fill the heap, free all but its end, give back; print what was resident, full, freed, and given back."""
    blocks = [bytes(SIZE) for _ in range(HELD // SIZE)]
    full = resident()
    del blocks[:-1]
    gc.collect()
    freed = resident()
    give_back()
    print(full, freed, resident())  # noqa: T201 - read by the test


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps what is free")
def test_what_is_free_is_given_back() -> None:
    """In a process of its own, whose heap nobody else has filled."""
    code = "from tests.test_memory import measured; measured()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    full, freed, given = map(int, done.stdout.split())
    assert full - freed < HELD * 0.5, "the C library gives back by itself: this module is not needed"
    assert full - given > HELD * 0.9
