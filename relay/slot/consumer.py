"""The consumer of the slots: inbox and raw topic together, so that a partition of both has one owner."""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

SESSION_MILLISECONDS, HEARTBEAT_MILLISECONDS, REBALANCE_MILLISECONDS = 10_000, 2_000, 60_000


async def started_consumer(options: Mapping[str, Any], group: str) -> AIOKafkaConsumer:
    """Return a consumer that is connected and subscribed to nothing yet."""
    consumer = AIOKafkaConsumer(
        **options,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=SESSION_MILLISECONDS,
        heartbeat_interval_ms=HEARTBEAT_MILLISECONDS,
        rebalance_timeout_ms=REBALANCE_MILLISECONDS,
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    return consumer
