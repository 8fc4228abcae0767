"""The relay's HTTP client against a faulty simulator, or against a server of raw sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from relay.lookups.client import HttpClient
from relay.lookups.http import Failure, HttpFailure, HttpRequest
from relay.simulator import steps
from relay.simulator.faults import Fault
from relay.simulator.messages import Message
from relay.simulator.server import Simulator

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATH = "/1021/api/dr/m-1/simple"
LOGIN = {"Authorization": "Basic bG9naW46cGFzc3dvcmQ="}
REQUEST = HttpRequest(PATH)
MEBIBYTE = 1_048_576


@asynccontextmanager
async def a_client(url: str, timeout_seconds: float = 5.0, **options: Any) -> AsyncIterator[HttpClient]:
    """Give a client of the address."""
    http = HttpClient(url, headers=LOGIN, timeout_seconds=timeout_seconds, **options)
    try:
        yield http
    finally:
        await http.close()


@asynccontextmanager
async def a_faulty(fault: Fault | None = None) -> AsyncIterator[Simulator]:
    """Run a simulator that knows the delivered message m-1, and has one fault."""
    async with Simulator(clock=lambda: 2000.0) as simulator:
        simulator.send(Message(message_id="m-1", sent_at=1000.0, steps=(steps.delivered(5, "sms"),)))
        if fault is not None:
            simulator.faults.add(fault)
        yield simulator


@asynccontextmanager
async def a_server(serve: Serve) -> AsyncIterator[str]:
    """Run a server of raw sockets; at the end every connection is closed and its handler gone."""
    handling: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for _ in range(3):  # a connection that was accepted last: its handler must have begun, else nobody closes it
        await asyncio.sleep(0)
    for task in filter(None, handling):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def failure_of(url: str, **options: Any) -> Failure:
    """Return how a GET fails."""
    async with a_client(url, **options) as http:
        with pytest.raises(HttpFailure) as caught:
            await http.get(REQUEST)
        return caught.value.kind
