"""Connects to one provider's address: looks its name up, tries its addresses, proves who answers. Nothing is sent."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

import aiohappyeyeballs

from relay.lookups.connection import Connection
from relay.lookups.http import Failure, HttpFailure

PORTS = {"http": 80, "https": 443}
NEXT_ADDRESS_SECONDS = 0.25  # RFC 8305: what an address has before the next one is tried beside it
NAME_SECONDS = 5.0  # how long the addresses of a name hold: many connections are made at once


def host_of(url: SplitResult) -> str:
    """Return what the `Host` header says of an address: the port where it is not the scheme's own."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    return host if url.port in (None, PORTS[url.scheme]) else f"{host}:{url.port}"


class Dialer:
    """Makes connections to the host of `url`; `ca_file`: authorities to trust besides the system's."""

    def __init__(self, url: SplitResult, *, ca_file: Path | None, made: Callable[[], Connection]) -> None:
        self._host = url.hostname or ""
        self._port = url.port or PORTS[url.scheme]
        self._ssl = _trusting(ca_file) if url.scheme == "https" else None
        self._made = made
        self._naming: asyncio.Task[Any] | None = None
        self._named_until = 0.0

    async def connect(self) -> Connection:
        """Return a new connection.

        Raises:
            HttpFailure: there is none, with the reason.

        """
        loop = asyncio.get_running_loop()
        try:
            addresses = await self._addresses(loop)
            sock = await aiohappyeyeballs.start_connection(
                addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS, interleave=1, loop=loop
            )
            try:
                _, connection = await loop.create_connection(
                    self._made, sock=sock, ssl=self._ssl, server_hostname=self._host if self._ssl else None
                )
            except BaseException:
                sock.close()
                raise
        except OSError as error:
            raise HttpFailure(Failure.CONNECTION, detail=_words(error)) from None
        return connection

    async def _addresses(self, loop: asyncio.AbstractEventLoop) -> Any:
        """Look the name up; whoever comes while that is under way, or soon after it, shares the answer."""
        if self._naming is None or loop.time() > self._named_until or _failed(self._naming):
            self._named_until = loop.time() + NAME_SECONDS
            self._naming = loop.create_task(self._look_up(loop))
        return await asyncio.shield(self._naming)

    async def _look_up(self, loop: asyncio.AbstractEventLoop) -> Any:
        return await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)


def _failed(naming: asyncio.Task[Any]) -> bool:
    """Tell whether a lookup of a name failed: that holds for those who waited for it, and for nobody later."""
    return naming.done() and (naming.cancelled() or naming.exception() is not None)


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _words(error: OSError) -> str:
    """Say why there is no connection, without the address that was tried."""
    if isinstance(error, socket.gaierror):
        return f"name lookup: {error.strerror}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'the handshake failed'}"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
