"""Holds lookups back after the process stood still: another may have its work by now, and it hears of that in a moment.

Frozen by the system or its host, it would otherwise ask on waking, beside its heir, more than the account allows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from relay.lookups.http import Http, HttpRequest, HttpResponse

BEAT_SECONDS = 0.5
STANDSTILL_SECONDS = 3.0  # shorter than any session of the group: who stands still for less is not replaced
DOUBT_SECONDS = 3.0  # a heartbeat is overdue then, is sent at once, and its answer says who owns what


class Pulse:
    """The event loop's pulse; `beat_at` is when (monotonic) it was last felt."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._doubt_until = 0.0
        self.beat_at = monotonic()

    def beat(self) -> float:
        """Note that the loop runs; return for how many seconds its work is in doubt."""
        now = self._monotonic()
        if now - self.beat_at > STANDSTILL_SECONDS:
            self._doubt_until = now + DOUBT_SECONDS
        self.beat_at = now
        return self._doubt_until - now

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            self.beat()
            await asyncio.sleep(BEAT_SECONDS)


class Steady:
    """A client that asks nothing while the process is in doubt; who has lost the work cancels its requests."""

    def __init__(self, http: Http, pulse: Pulse) -> None:
        self._http = http
        self._pulse = pulse

    def get(self, request: HttpRequest) -> Awaitable[HttpResponse]:
        """Ask once there is no doubt."""
        return self._http.get(request) if self._pulse.beat() <= 0 else self._later(request)

    async def _later(self, request: HttpRequest) -> HttpResponse:
        while (seconds := self._pulse.beat()) > 0:  # noqa: ASYNC110 - time is what it waits for
            await asyncio.sleep(seconds)
        return await self._http.get(request)

    async def close(self) -> None:
        """Close the client."""
        await self._http.close()
