"""Memory that is free goes back to the system, also where something in use lies behind it."""

import asyncio
import ctypes
import gc
import subprocess
import sys
import weakref

import psutil
import pytest

from relay.memory import LARGE_BYTES, give_back, set_up_heaps, stay_small
from tests.polling import eventually

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


def measured_large(*, apart: bool) -> None:
    """Free a block that lies before one in use; print what was resident with it, and without it."""
    if apart:
        set_up_heaps()
    bytearray(2 * HELD // 10)  # one that is freed teaches the C library to keep such blocks in its heap
    block = bytearray(HELD // 10)
    kept = [bytes(SIZE) for _ in range(100)]
    full = resident()
    del block
    print(full, resident(), len(kept))  # noqa: T201 - read by the test


only_glibc = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps what is free")


def printed_by(call: str) -> tuple[int, ...]:
    """Run a function of this module in a process of its own, whose heap nobody else has filled."""
    code = f"from tests import test_memory; test_memory.{call}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return tuple(map(int, done.stdout.split()))


@only_glibc
def test_what_is_free_is_given_back() -> None:
    """Also where the end of the heap is in use."""
    full, freed, given = printed_by("measured()")
    assert full - freed < HELD * 0.5, "the C library gives back by itself: this module is not needed"
    assert full - given > HELD * 0.9


@only_glibc
@pytest.mark.parametrize(("apart", "given_back"), [(True, 1.0), (False, 0.0)])
def test_a_large_block_lies_apart(*, apart: bool, given_back: float) -> None:
    """It goes back by itself, whatever was allocated after it; left alone, the C library keeps it."""
    assert HELD // 10 > LARGE_BYTES
    full, freed, _ = printed_by(f"measured_large(apart={apart})")
    assert (full - freed) / (HELD / 10) == pytest.approx(given_back, abs=0.1)


class Circle:
    """Holds itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_holds_itself_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is young at each look; what is old when slots were let go of, for it takes long to look through all."""
    monkeypatch.setattr("relay.memory.GIVE_BACK_SECONDS", 0.01)
    released = 0
    gc.disable()
    keeping = asyncio.create_task(stay_small(lambda: released))
    try:
        old = Circle()
        gc.collect()
        of_old, of_young = weakref.ref(old), weakref.ref(Circle())
        del old
        await eventually(lambda: of_young() is None, what="the end of what is young")
        assert of_old() is not None
        released += 1
        await eventually(lambda: of_old() is None, what="the end of what is old")
    finally:
        gc.enable()
        keeping.cancel()
