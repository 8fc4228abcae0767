"""One connection to a provider: sends a request, gives its response, is free for the next. It sends nothing twice."""

import asyncio
import ssl
from typing import Any

from relay.lookups.arriving import Arriving
from relay.lookups.http import Failure, HttpFailure, HttpResponse


class Connection(asyncio.Protocol):
    """A connection that waits for one response at most; `free_since` is when (loop's time) it gave the last one."""

    def __init__(self, arriving: Arriving) -> None:
        self.free_since = 0.0
        self._arriving = arriving
        self._transport: Any = None
        self._tls: ssl.SSLObject | None = None
        self._waiting: asyncio.Future[HttpResponse] | None = None

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: what is written to a transport that is closing is dropped."""
        return self._transport is not None and not self._transport.is_closing() and self._arriving.reusable

    def ask(self, request: bytes, loop: asyncio.AbstractEventLoop) -> asyncio.Future[HttpResponse]:
        """Send a request; the future gets its response, or HttpFailure."""
        self._arriving.begin()
        waiting = loop.create_future()
        if self._transport is None or self._transport.is_closing():
            waiting.set_exception(HttpFailure(Failure.CONNECTION))
        else:
            self._waiting = waiting
            self._transport.write(request)
        return waiting

    def time_out(self) -> None:
        """Give up waiting, as the time for it is over."""
        self._fail(self._arriving.cut(Failure.TIMED_OUT))

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = transport
        self._tls = transport.get_extra_info("ssl_object")

    def data_received(self, data: bytes) -> None:
        """Take bytes; nobody has asked for those that come while nobody waits."""
        if self._waiting is None or self._waiting.done():
            self.abort()
            return
        try:
            self._arriving.feed(data)
        except HttpFailure as failure:
            self._fail(failure)
            return
        if self._arriving.whole:
            self._give()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give what came, if that is the end of it."""
        clean = exc is None and (self._tls is None or _said_goodbye(self._tls))
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            if self._arriving.ends_with_connection(clean=clean):
                self._give()
            else:
                self._fail(self._arriving.cut())
        self._arriving.close()

    def _give(self) -> None:
        waiting, self._waiting = self._waiting, None
        if not self._arriving.reusable:
            self.abort()
        if waiting is not None and not waiting.done():
            waiting.set_result(self._arriving.give())

    def _fail(self, failure: HttpFailure) -> None:
        waiting, self._waiting = self._waiting, None  # else failure, traceback, client and future hold each other
        self.abort()
        if waiting is not None and not waiting.done():
            waiting.set_exception(failure)


def _said_goodbye(tls: ssl.SSLObject) -> bool:
    """Tell whether the other side ended TLS itself; else anybody on the way may have cut the connection."""
    try:
        tls.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except (ssl.SSLError, ValueError):
        return False
    return False
