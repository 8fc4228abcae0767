"""Reads topics from a chosen place on, for ever or to the end that they had; joins no group, commits nothing."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from relay.explain.entries import Found
from relay.kafka.abandoning import let_go

START_SECONDS = 30
STALLED_SECONDS = 15.0  # without any news from Kafka, where an end is awaited
READ_MILLISECONDS = 200
FETCH_BYTES = 1_048_576

Take = Callable[[Sequence[Found]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What to read: from an instant, from the beginning, or else from the end; and whether to stay for what comes."""

    since: datetime | None = None
    from_beginning: bool = False
    follow: bool = True


async def read_on(
    options: Mapping[str, Any], counts: Mapping[str, int], stretch: Stretch, take: Take, unheard: Callable[[], bool]
) -> None:
    """Give what is committed, of each partition in its order; `counts`: how many partitions each topic has.

    Ends when `unheard` says that nobody listens any more. Raises whatever aiokafka or `take` raise, and TimeoutError.
    """
    partitions = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    consumer = AIOKafkaConsumer(
        **options,
        auto_offset_reset="earliest",  # retention may overtake a slow reader
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await consumer.start()
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            for tp, offset in (await _begins(consumer, partitions, ends, stretch)).items():
                consumer.seek(tp, offset)
        await _read(consumer, None if stretch.follow else ends, take, unheard)
    finally:
        await let_go(consumer)


async def _begins(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    ends: Mapping[TopicPartition, int],
    stretch: Stretch,
) -> Mapping[TopicPartition, int]:
    if stretch.since is not None:
        milliseconds = max(0, int(stretch.since.timestamp() * 1000))
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, milliseconds))
        return {tp: ends[tp] if at is None else at.offset for tp, at in found.items()}
    if stretch.from_beginning:
        begins: Mapping[TopicPartition, int] = await consumer.beginning_offsets(partitions)
        return begins
    return ends


async def _read(
    consumer: AIOKafkaConsumer,
    ends: Mapping[TopicPartition, int] | None,
    take: Take,
    unheard: Callable[[], bool],
) -> None:
    moved_at = time.monotonic()
    while not unheard():
        open_ = None if ends is None else [tp for tp, end in ends.items() if await consumer.position(tp) < end]
        if open_ == []:
            return
        fetched = await consumer.getmany(*(open_ or ()), timeout_ms=READ_MILLISECONDS)
        if fetched:
            moved_at = time.monotonic()
            new = [each for records in fetched.values() for each in records if _is_before(each, ends)]
            take([Found.of(each, each.topic) for each in new])
        elif ends is not None and time.monotonic() - moved_at > STALLED_SECONDS:
            raise TimeoutError(f"nothing came for {STALLED_SECONDS:g} s")


def _is_before(record: Any, ends: Mapping[TopicPartition, int] | None) -> bool:
    return bool(ends is None or record.offset < ends[TopicPartition(record.topic, record.partition)])
