"""An account whose reports are handed out only once: takes what is unread, one drain at a time, and never retries."""

import asyncio
import time
from collections.abc import Callable

import structlog

from relay.core.collecting import Intent
from relay.lookups.door import Door
from relay.lookups.http import HttpRequest, HttpResponse
from relay.lookups.log import LogLookups
from relay.lookups.pages import Page, ReadPage
from relay.observe.lines import Line

log = structlog.get_logger("relay.lookups")

ToDrainRequest = Callable[[Intent], HttpRequest]


class CollectedAccount:
    """Asks one provider for unread reports. Whoever calls `drain` sees to it that no other drain is under way."""

    def __init__(
        self,
        account: str,
        *,
        door: Door,
        log_lookups: LogLookups,
        base_url: str,
        rate_per_second: float,
        to_request: ToDrainRequest,
        read_page: ReadPage,
        error_in: Callable[[bytes], str | None],
    ) -> None:
        self.account = account
        self.log = log_lookups
        self.door = door
        self._base_url = base_url.rstrip("/")
        self._spacing = 1 / rate_per_second
        self._next_at = 0.0
        self._to_request = to_request
        self._read_page = read_page
        self.error_in = error_in

    def opens_at(self, monotonic: float) -> float:
        """Return the monotonic instant from which a drain may start, as far as the provider goes."""
        return max(self._next_at, monotonic + self.door.closed_seconds)

    def url(self, intent: Intent) -> str:
        """Return what is asked, without credentials."""
        return self._base_url + self._to_request(intent).path

    async def drain(self, intent: Intent) -> HttpResponse:
        """Take unread reports; after this they are gone at the provider, whatever comes of it.

        Raises:
            HttpFailure: no whole response came.

        """
        self._next_at = time.monotonic() + self._spacing
        return await self.door.get(self._to_request(intent), self._tell_failed)

    async def read(self, body: bytes, content_type: str | None) -> Page:
        """Read a body in a thread: a large one takes long.

        Raises:
            Garbled: it is no page.

        """
        return await asyncio.to_thread(self._read_page, body, content_type)

    def _tell_failed(self, why: str, status: int | None, detail: str | None) -> None:
        log.warning(Line.DRAIN_FAILED, account=self.account, why=why, status=status, detail=detail)

    async def close(self) -> None:
        """Close the connections."""
        await self.door.close()
