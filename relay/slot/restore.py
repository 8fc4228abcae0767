"""Reads the state of partitions back, up to everything that any earlier owner may still have had open."""

from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from relay.kafka.abandoning import let_go
from relay.slot.codec import checked
from relay.slot.slot import Slot

READ_MILLISECONDS = 200
FETCH_BYTES = 8 * 1_048_576


async def restore(slots: Mapping[int, Slot], options: Mapping[str, Any], topic: str) -> int:
    """Fill the slots with the stored states of their partitions; return how many records were read.

    Waits, by reading read_committed up to the high watermark, for every transaction that was open when it began.

    Raises:
        UnreadableInternal: a state is of another version.

    """
    partitions = [TopicPartition(topic, number) for number in slots]
    reader = AIOKafkaConsumer(
        **options,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=4 * FETCH_BYTES,
    )
    try:
        await reader.start()
        ends = await high_watermarks(options, partitions)
        reader.assign(partitions)
        await reader.seek_to_beginning(*partitions)
        return await _read_to(reader, ends, slots)
    finally:
        await let_go(reader)


async def high_watermarks(
    options: Mapping[str, Any], partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the ends of partitions, open transactions included (a read_committed consumer would stop before them)."""
    reader = AIOKafkaConsumer(**options, enable_auto_commit=False)
    try:
        await reader.start()
        ends: dict[TopicPartition, int] = await reader.end_offsets(partitions)
    finally:
        await let_go(reader)
    return ends


async def _read_to(reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], slots: Mapping[int, Slot]) -> int:
    count = 0
    behind = {tp for tp, end in ends.items() if end > 0}
    while behind:
        fetched = await reader.getmany(*behind, timeout_ms=READ_MILLISECONDS)
        for tp, records in fetched.items():
            store = slots[tp.partition].store
            for record in records:
                if record.key is not None:
                    store(record.key, checked(record.value))
            count += len(records)
        behind = {tp for tp in behind if await reader.position(tp) < ends[tp]}
    return count
