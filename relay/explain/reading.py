"""Reads partitions of the topics from their beginning to the end that they had when it began. Joins no group."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.progress import Progress as Bar

from relay.configuration import Settings
from relay.explain.entries import Found
from relay.kafka.topics import topics_of

START_SECONDS = 15
STALLED_SECONDS = 15.0  # without any news from Kafka
READ_MILLISECONDS = 200
FETCH_BYTES = 8 * 1_048_576
SHOWN_AFTER_SECONDS = 0.5

Place = tuple[str, int]
Take = Callable[[Found], None]
Progress = Callable[[int, int], None]


class Reads(Protocol):
    """What an explanation reads from; topics go by the settings' names for them, such as `inbox`."""

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; 0 if there is no such topic."""
        ...

    def missing(self, topics: Collection[str]) -> tuple[str, ...]:
        """Return those of the topics that are not there, or hidden from us, by their own names."""
        ...

    async def read(self, places: Collection[Place], take: Take) -> None:
        """Give every record of the partitions, of each in its order; only what is committed."""
        ...


class KafkaReads:
    """The real thing: a consumer for each reading."""

    def __init__(
        self, options: Mapping[str, Any], names: Mapping[str, str], counts: Mapping[str, int], progress: Progress
    ) -> None:
        self._options = options
        self._names = names
        self._topics = {name: topic for topic, name in names.items()}
        self._counts = counts
        self._progress = progress

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; 0 if there is no such topic."""
        return self._counts.get(self._names[topic], 0)

    def missing(self, topics: Collection[str]) -> tuple[str, ...]:
        """Return those of the topics that are not there, or hidden from us, by their own names."""
        return tuple(self._names[topic] for topic in topics if not self.partitions(topic))

    async def read(self, places: Collection[Place], take: Take) -> None:
        """Give every record of the partitions, of each in its order; only what is committed.

        Raises whatever aiokafka raises, and TimeoutError if it merely falls silent.
        """
        partitions = [TopicPartition(self._names[topic], number) for topic, number in places]
        if not partitions:
            return
        consumer = AIOKafkaConsumer(
            **self._options,
            auto_offset_reset="earliest",  # retention may remove the beginning meanwhile
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=4 * FETCH_BYTES,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await consumer.start()
                consumer.assign(partitions)
                begins = await consumer.beginning_offsets(partitions)
                ends = await consumer.end_offsets(partitions)
            for tp, offset in begins.items():
                consumer.seek(tp, offset)
            await self._read_to(consumer, begins, ends, take)
        finally:
            await consumer.stop()

    async def _read_to(
        self,
        consumer: AIOKafkaConsumer,
        begins: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        take: Take,
    ) -> None:
        at = dict(begins)
        total = sum(ends.values()) - sum(begins.values())
        moved_at = time.monotonic()
        while behind := [tp for tp, offset in at.items() if offset < ends[tp]]:
            before = sum(at.values())
            async with asyncio.timeout(STALLED_SECONDS):
                fetched = await consumer.getmany(*behind, timeout_ms=READ_MILLISECONDS)
                at |= {tp: await consumer.position(tp) for tp in behind}
            for tp, records in fetched.items():
                for record in records:
                    if record.offset < ends[tp]:
                        take(self._found(record))
            self._progress(sum(min(offset, ends[tp]) - begins[tp] for tp, offset in at.items()), total)
            if sum(at.values()) > before:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > STALLED_SECONDS:
                raise TimeoutError(f"{behind[0].topic}: nothing came for {STALLED_SECONDS:g} s")

    def _found(self, record: Any) -> Found:
        return Found(
            topic=self._topics[record.topic],
            name=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            key=record.key,
            value=record.value,
            headers=record.headers,
        )


@contextlib.asynccontextmanager
async def reads_of(settings: Settings, options: Mapping[str, Any]) -> AsyncIterator[KafkaReads]:
    """Ask Kafka which topics there are, to read from them; raises whatever aiokafka raises, and TimeoutError."""
    async with asyncio.timeout(START_SECONDS), topics_of(options, settings) as topics:
        counts = await topics.counts()
    with progress_shown(Console(stderr=True)) as progress:
        yield KafkaReads(options, settings.topics.model_dump(), counts, progress)


@contextlib.contextmanager
def progress_shown(console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Show a bar, only on a terminal and only if it takes long; leaves the terminal clean."""
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    began_at = clock()
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("reading the topics", visible=False)
        yield lambda done, total: bar.update(
            task, completed=done, total=total, visible=clock() - began_at > SHOWN_AFTER_SECONDS
        )
