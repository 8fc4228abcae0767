"""Work that lasts until its owner calls it off: any other cancellation is an error, not an end without a word."""

import asyncio
from typing import Any


class CancelledByNobody(Exception):  # noqa: N818 - it says what happened
    """Work that must go on was cancelled from within: a library let the end of its own tasks out."""


def failure_of(task: asyncio.Task[Any]) -> BaseException | None:
    """Return the error that a finished task ended in, None if it came to its end or was called off."""
    if not task.cancelled():
        return task.exception()
    if task.cancelling():
        return None
    return CancelledByNobody("a part of the process was cancelled, and nobody called it off")
