"""Gives memory that is free back to the system, which the C library does by itself only at the end of its heap."""

import asyncio
import ctypes

GIVE_BACK_SECONDS = 30.0


async def stay_small() -> None:
    """Give back what is free, now and then, for ever: states of slots that went elsewhere, answers that were large."""
    while True:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        await asyncio.to_thread(give_back)


def give_back() -> None:
    """Return free pages to the system; where the C library can't (it is not glibc), do nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
