"""FastStream and aiohttp, the obvious way: `faststream run bench.naive.aiohttp_service:app`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from faststream import ContextRepo, FastStream
from faststream.annotations import ContextRepo as Context
from faststream.kafka import KafkaBroker

from bench.naive.events import FetchRequest, StatusChanged, status_changed

broker = KafkaBroker(os.environ["BOOTSTRAP"])
publisher = broker.publisher(os.environ["EVENTS"], schema=StatusChanged)


@asynccontextmanager
async def lifespan(context: ContextRepo) -> AsyncIterator[None]:
    """Hold one session for as long as the service runs."""
    auth = aiohttp.BasicAuth("login", "password")
    async with aiohttp.ClientSession(os.environ["URL"], auth=auth) as session:
        context.set_global("session", session)
        yield


app = FastStream(broker, lifespan=lifespan)


@broker.subscriber(os.environ["REQUESTS"], group_id=os.environ["GROUP"], auto_offset_reset="earliest")
async def fetch(request: FetchRequest, context: Context) -> None:
    """Ask the provider, and publish what it says."""
    session: aiohttp.ClientSession = context.get("session")
    async with session.get(f"/1021/api/dr/{request.message_id}/advanced") as response:
        response.raise_for_status()
        answer = await response.json()
    await publisher.publish(status_changed(request, answer), key=request.message_id.encode())
