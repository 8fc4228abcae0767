"""Throws clients away: aiokafka's own stop waits for batches that may never be delivered, and leaves all open."""

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

ABANDON_SECONDS = 3
FAREWELL_SECONDS = 1


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


async def let_go(reader: AIOKafkaConsumer) -> None:
    """Stop a consumer of no group, in a second at most.

    The broker misses the end of a TLS connection that comes together with a request; uvloop would wait 30 s for it.
    """
    stopping = asyncio.ensure_future(reader.stop())
    await asyncio.wait([stopping], timeout=FAREWELL_SECONDS)
    if not stopping.done():
        stopping.cancel()
    elif stopping.cancelled():
        # By one of its own fetches, which waited to be tried again: raised here, it would pass for our own cancellation
        # and end the task that restores a state without a word.
        await reader._client.close()
    else:
        stopping.result()
