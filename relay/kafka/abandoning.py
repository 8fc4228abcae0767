"""Throws a producer away: aiokafka's own stop waits for batches that may never be delivered, and leaves all open."""

import asyncio
import contextlib

from aiokafka import AIOKafkaProducer

ABANDON_SECONDS = 3


async def abandon(producer: AIOKafkaProducer) -> None:
    """Close a producer without flushing and without an abort, in a few seconds whatever the broker does."""
    producer._closed = True
    if producer._sender is not None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(producer._sender.close(), ABANDON_SECONDS)
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.client.close(), ABANDON_SECONDS)
    manager = producer._txn_manager
    waiter = getattr(manager, "_transaction_waiter", None)
    if waiter is not None and waiter.done() and not waiter.cancelled():
        waiter.exception()  # else asyncio logs, whenever it is collected, that nobody looked at it
