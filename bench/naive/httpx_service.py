"""FastStream and httpx, the obvious way: `faststream run bench.naive.httpx_service:app`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from faststream import FastStream
from faststream.kafka import KafkaBroker

from bench.naive.events import FetchRequest, StatusChanged, status_changed

broker = KafkaBroker(os.environ["BOOTSTRAP"])
publisher = broker.publisher(os.environ["EVENTS"], schema=StatusChanged)
client = httpx.AsyncClient(base_url=os.environ["URL"], auth=("login", "password"), timeout=10)


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Close the connections at the end."""
    async with client:
        yield


app = FastStream(broker, lifespan=lifespan)


@broker.subscriber(os.environ["REQUESTS"], group_id=os.environ["GROUP"], auto_offset_reset="earliest")
async def fetch(request: FetchRequest) -> None:
    """Ask the provider, and publish what it says."""
    response = await client.get(f"/1021/api/dr/{request.message_id}/advanced")
    response.raise_for_status()
    await publisher.publish(status_changed(request, response.json()), key=request.message_id.encode())
