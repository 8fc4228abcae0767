"""Serves /live, /ready, /metrics and given pages over HTTP; knows of the process what `Health` and `Metrics` say.

Never touches signal handlers: they belong to the process.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.asgi.handlers import GetHandler
from faststream.asgi.response import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from relay.mistakes import ConfigurationError
from relay.observe.lines import Line
from relay.observe.metrics import Metrics

log = structlog.get_logger("relay.http")

_OK, _UNAVAILABLE = 200, 503
_GRACE_SECONDS = 2


class Health(Protocol):
    """What the process says of itself: yes or no, and why."""

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Say whether the process makes progress."""

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Say whether every assigned partition is restored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that stays the same for as long as the process lives."""

    path: str
    content_type: str
    body: bytes


def health_app(health: Health, metrics: Metrics, pages: Sequence[Page] = ()) -> AsgiFastStream:
    """Build the ASGI application; it needs no lifespan and no broker."""

    @get(include_in_schema=False)
    async def live(_: dict[str, Any]) -> AsgiResponse:
        return _answer("live", *health.live())

    @get(include_in_schema=False)
    async def ready(_: dict[str, Any]) -> AsgiResponse:
        return _answer("ready", *health.ready())

    @get(include_in_schema=False)
    async def exposition(_: dict[str, Any]) -> AsgiResponse:
        return AsgiResponse(metrics.render(), _OK, {"Content-Type": CONTENT_TYPE_LATEST})

    return AsgiFastStream(
        asgi_routes=[
            ("/live", live),
            ("/ready", ready),
            ("/metrics", exposition),
            *((page.path, _served(page)) for page in pages),
        ],
        logger=logging.getLogger("relay.http"),
    )


def _served(page: Page) -> GetHandler:
    headers = {
        "Content-Type": page.content_type,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }

    @get(include_in_schema=False)
    async def serve(_: dict[str, Any]) -> AsgiResponse:
        return AsgiResponse(page.body, _OK, headers)

    return serve


def _answer(question: str, yes: bool, why: dict[str, Any]) -> AsgiResponse:  # noqa: FBT001 (unpacked from Health)
    return JSONResponse({question: yes, **why}, _OK if yes else _UNAVAILABLE, {"Cache-Control": "no-store"})


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it listens and leaves the signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """An HTTP server that answers until it is stopped."""

    host: str
    port: int
    _server: _Server
    _task: asyncio.Task[None]

    async def stop(self) -> None:
        """Finish the answers that are under way, for 2 seconds at most, and close the port."""
        self._server.should_exit = True
        await self._task


async def serve_health(app: AsgiFastStream, host: str, port: int) -> RunningServer:
    """Listen and answer in the background; port 0 takes any free one.

    Raises:
        ConfigurationError: the address can't be listened on.

    """
    listener = await _listen(host, port)
    bound: int = listener.getsockname()[1]
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if task.done():
        task.result()
    log.info(Line.HTTP_STARTED, host=host, port=bound)
    return RunningServer(host=host, port=bound, _server=server, _task=task)


async def _listen(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    try:
        family, *_ = (await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that is no name
        raise ConfigurationError([_unusable(host, port, error)]) from None


def _unusable(host: str, port: int, error: OSError | UnicodeError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"http.port: {port} is already in use on {host}; stop what uses it, or set another port"
    if number == errno.EACCES:
        return f"http.port: {port} needs rights that this process lacks; set one above 1023, such as 8080"
    reason = ((error.strerror if isinstance(error, OSError) else None) or "not an address").lower()
    return f"http.host: can't listen on {host} ({reason}); set an address of this machine, such as 127.0.0.1"
