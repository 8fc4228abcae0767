"""Waiting by asking again and again, with a deadline."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 60.0  # how long a machine may need that lends its processors to others meanwhile


async def eventually(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, what: str) -> Any:
    """Poll until the condition gives something true, and return that; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {seconds:g} s")
        await asyncio.sleep(0.02)
    return value


async def eventually_async(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS, what: str) -> Any:
    """Poll an awaitable condition, as `eventually` does."""
    deadline = time.monotonic() + seconds
    while not (value := await condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {seconds:g} s")
        await asyncio.sleep(0.05)
    return value
