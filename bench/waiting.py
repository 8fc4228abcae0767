"""Waits for what other processes do; measuring needs real time, so this sleeps."""

import time
from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.05


class TooLong(Exception):  # noqa: N818 - it says what happened
    """What was waited for did not come; the text says what, and where to look."""


def until(true: Callable[[], bool], *, seconds: float, what: str, every: float = LOOK_EVERY_SECONDS) -> None:
    """Wait until something is true, looking `every` so many seconds; to look may cost those that are measured time.

    Raises:
        TooLong: it was not in time.

    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TooLong(f"{what}: not within {seconds:g} s")
        time.sleep(every)
