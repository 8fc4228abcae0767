"""The HTTP client: a GET with a total time-out and a bounded body; never a retry, a redirect or a proxy."""

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from relay.lookups.arriving import Arriving
from relay.lookups.connection import Connection
from relay.lookups.dialing import Dialer, host_of
from relay.lookups.http import Failure, HttpFailure, HttpRequest, HttpResponse

BODY_BYTES = 8 * 1_048_576
TICK_SECONDS = 0.001  # timers of a loop may be so early
FREE_SECONDS = 30.0  # how long a free connection is kept: less than servers and what lies between keep it
_IN_A_PATH = "/%:@!$&'()*+,;=~"


class HttpClient:
    """Http over connections that are kept. `max_bytes` bounds a body, so that no answer can fill the memory.

    `keep_cut`: of a body over the bound, its beginning is wanted; for answers that can't be asked for again.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        timeout_seconds: float,
        ca_file: Path | None = None,
        max_bytes: int = BODY_BYTES,
        keep_cut: bool = False,
    ) -> None:
        url = urlsplit(base_url)
        self._timeout = timeout_seconds
        self._free = deque[Connection]()  # the one that was used last at the end
        self._dialer = Dialer(
            url, ca_file=ca_file, made=lambda: Connection(Arriving(max_bytes=max_bytes, keep_cut=keep_cut))
        )
        self._closed = False
        self._asked: dict[Connection, float] = {}  # until when (loop's time) those may take that wait for a response
        self._alarm: asyncio.TimerHandle | None = None
        self._begin = b"GET " + quote(url.path.rstrip("/"), safe=_IN_A_PATH).encode()
        self._headers = {"Host": host_of(url), "User-Agent": "delivery-relay", **headers}
        self._head = _head(self._headers)

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Send one GET and read its whole body; whoever is cancelled meanwhile closes its connection.

        Raises:
            HttpFailure: time-out (connecting and reading together), no connection, cut answer, body over the bound.

        """
        head = _head({**self._headers, **request.headers}) if request.headers else self._head
        asked = b"%b%b HTTP/1.1\r\n%b" % (self._begin, _line(request.path), head)
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._timeout
        connection = self._kept(loop.time()) or await self._new(ends_at)
        waiting = connection.ask(asked, loop)
        self._watch(connection, ends_at, loop)
        try:
            response = await waiting
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            del self._asked[connection]
            del waiting  # it holds the failure, whose traceback holds this frame
        self._keep(connection, loop.time())
        return response

    def _watch(self, connection: Connection, ends_at: float, loop: asyncio.AbstractEventLoop) -> None:
        self._asked[connection] = ends_at
        if self._alarm is None or ends_at < self._alarm.when():
            self._ring(ends_at, loop)

    def _ring(self, at: float, loop: asyncio.AbstractEventLoop) -> None:
        """Look for overdue responses then: one timer for all of them, as one for each would be set for nothing."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(at, self._time_out, loop)

    def _time_out(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm = None
        now = loop.time() + TICK_SECONDS
        if later := [ends_at for ends_at in self._asked.values() if ends_at > now]:
            self._ring(min(later), loop)
        for connection in [one for one, ends_at in self._asked.items() if ends_at <= now]:
            connection.time_out()

    def _kept(self, now: float) -> Connection | None:
        """Return the connection that was used last, if one is free; those that were free for long are closed."""
        while self._free and now - self._free[0].free_since >= FREE_SECONDS:
            self._free.popleft().abort()
        while self._free:
            connection = self._free.pop()
            if connection.usable:
                return connection
        return None

    def _keep(self, connection: Connection, now: float) -> None:
        if self._closed:
            connection.abort()
        elif connection.usable:
            connection.free_since = now
            self._free.append(connection)

    async def _new(self, ends_at: float) -> Connection:
        try:
            async with asyncio.timeout_at(ends_at):
                return await self._dialer.connect()
        except TimeoutError:
            raise HttpFailure(Failure.TIMED_OUT) from None

    async def close(self) -> None:
        """Close the connections that are free; the others end with their requests."""
        self._closed = True
        while self._free:
            self._free.pop().abort()
        if self._alarm is not None and not self._asked:
            self._alarm.cancel()
            self._alarm = None


def _head(headers: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {_plain(value)}\r\n" for name, value in headers.items()).encode() + b"\r\n"


def _line(path: str) -> bytes:
    """Return a path as it stands in a request; a provider that lets anything else through has a bug."""
    if not path.isascii() or not path.isprintable() or " " in path:
        raise ValueError("a path must be percent-encoded")
    return path.encode()


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a header must not contain control characters")
    return value
