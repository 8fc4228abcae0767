"""Where a new owner begins: at the group's offsets, once no transaction is pending on them."""

import asyncio
import time
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from relay.observe.lines import Line
from relay.slot.fencing import committed_offsets

RETRY_SECONDS = 0.05
HANGING_SECONDS = 60.0  # a transaction of ours ends within 10, and Kafka looks for those that are over every 10

log = structlog.get_logger("relay.slot")


async def places(
    consumer: AIOKafkaConsumer, assigned: Sequence[TopicPartition], *, hanging: bool = False
) -> tuple[dict[TopicPartition, int], bool]:
    """Return the committed offsets (-1 = none), and whether some hang: pending in a transaction that is long over.

    Kafka can fail to end one on its side, when a broker dies. The last certain offsets are taken then: whatever was
    decided since is read again, and found in the state, for the records of its transaction are all there or none is.
    """
    began = time.monotonic()
    while (offsets := await committed_offsets(consumer, assigned, stable=not hanging)) is None:
        if not hanging and time.monotonic() - began > HANGING_SECONDS:
            hanging = True
            log.error(
                Line.OFFSETS_BYPASSED,
                partitions=sorted({tp.partition for tp in assigned}),
                seconds=HANGING_SECONDS,
                fix="restart the broker that leads the group's partition of __consumer_offsets, or abort it there",
            )
        await asyncio.sleep(RETRY_SECONDS)
    return offsets, hanging
