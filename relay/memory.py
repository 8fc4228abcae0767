"""Keeps the process small: few heaps, large blocks apart, and what is free goes back to the system.

The C library gives back by itself only what lies at the end of a heap; and one block in use behind a large one that is
free again keeps the heap as long as it was.
"""

import asyncio
import ctypes
import gc
from collections.abc import Callable

GIVE_BACK_SECONDS = 30.0
YOUNG, OLDEST = 1, 2  # generations of Python's collector
LARGE_BYTES = 1_048_576  # what Kafka sends at once; what a socket reads at once is less, and is asked for often
HEAPS = 2
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h


def set_up_heaps() -> None:
    """Ask for few heaps, and for large blocks apart from them; to be called before there are threads."""
    ask = getattr(ctypes.CDLL(None), "mallopt", None)
    if ask is not None:
        ask(_MMAP_THRESHOLD, LARGE_BYTES)
        ask(_TRIM_THRESHOLD, 2 * LARGE_BYTES)  # as the C library has it where it chooses the other by itself
        ask(_ARENA_MAX, HEAPS)


async def stay_small(released: Callable[[], int]) -> None:
    """Give back what is free, now and then, for ever: states of slots that went elsewhere, answers that were large.

    What holds itself in circles, as failures and clients of Kafka do with all that they had read, waits for Python's
    collector, which comes by too rarely (RARE_COLLECTIONS in commands/run.py): so what is young is looked through each
    time. All is, which takes a tenth of a second and more, where slots were let go of: `released` tells how often.
    """
    before = released()
    while True:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        now = released()
        gc.collect(YOUNG if now == before else OLDEST)
        before = now
        await asyncio.to_thread(give_back)


def give_back() -> None:
    """Return free pages to the system; where the C library can't (it is not glibc), do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
