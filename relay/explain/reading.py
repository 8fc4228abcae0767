"""Reads partitions of the topics, whole or in a window of time, to the end that they had. Joins no group."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console

from relay.configuration import Settings
from relay.explain.backwards import Backwards
from relay.explain.entries import Found
from relay.explain.stretches import NOTHING_TAKEN, Stretch, Taken, records_in, stretches_of, taken_of
from relay.explain.windows import WHOLE, Place, Window
from relay.kafka.abandoning import let_go
from relay.kafka.sieve import Sieve
from relay.kafka.topics import topics_of

START_SECONDS = 30
STALLED_SECONDS = 15.0  # without any news from Kafka
AGAIN_SECONDS = 0.003  # where nothing has come of any partition
FETCH_BYTES = 262_144  # of a partition at a time: of a window, what lies behind its end is fetched for nothing
SIEVED_BYTES = 4 * 1_048_576
RESPONSE_BYTES = 16 * 1_048_576
FETCH_MILLISECONDS = 20  # a fetch of partitions that are at their end keeps the others waiting
BACKOFF_MILLISECONDS = 5  # the client waits so long for the leaders of topics that it is asked about first
SHOWN_AFTER_SECONDS = 0.5

Take = Callable[[Found], None]
Matters = Callable[[bytes | None, bytes | None], bool]
"""Tells by a record's key and value, quickly, whether it must be looked at."""
Progress = Callable[[int, int], None]


class Topics(Protocol):
    """Topics by the settings' names for them, such as `inbox`."""

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; 0 if there is none that may be read."""
        ...

    def name(self, topic: str) -> str:
        """Return the topic's own name."""
        ...


class Reads(Topics, Protocol):
    """What an explanation reads from."""

    async def read(
        self,
        places: Collection[Place],
        take: Take,
        *,
        window: Window = WHOLE,
        matters: Matters | None = None,
        signs: Collection[bytes] | None = None,
    ) -> Mapping[Place, int]:
        """Give the records of the partitions, of each in its order; only what is committed, only what matters.

        Of what holds none of the `signs` nothing matters: that is passed over far faster. They may grow meanwhile.
        Return how many records of each partition were left unread outside the window.
        """
        ...

    async def newest(self, sought: Mapping[Place, Collection[bytes]]) -> Sequence[Found]:
        """Return the last committed record of each key in its partition, where there is one.

        Far faster than a look at each record: partitions are read from their end, and no further than is needed.
        """
        ...


def missing(reads: Topics, topics: Collection[str]) -> tuple[str, ...]:
    """Return those of the topics that are not there, or not ours to read, by their own names."""
    return tuple(reads.name(topic) for topic in topics if not reads.partitions(topic))


class KafkaReads:
    """The real thing: a consumer for windows, and one for keys. `taken`: see `stretches_of`."""

    def __init__(
        self,
        options: Mapping[str, Any],
        names: Mapping[str, str],
        counts: Mapping[str, int],
        progress: Progress,
        taken: Taken = NOTHING_TAKEN,
    ) -> None:
        self._options = options
        self._names = names
        self._topics = {name: topic for topic, name in names.items()}
        self._counts = counts
        self._progress = progress
        self._taken = taken
        self._consumers: dict[int, AIOKafkaConsumer] = {}
        self._sieve = Sieve()

    def partitions(self, topic: str) -> int:
        """Return how many partitions the topic has; 0 if there is none that may be read."""
        return self._counts.get(self._names[topic], 0)

    def name(self, topic: str) -> str:
        """Return the topic's own name."""
        return self._names[topic]

    async def read(
        self,
        places: Collection[Place],
        take: Take,
        *,
        window: Window = WHOLE,
        matters: Matters | None = None,
        signs: Collection[bytes] | None = None,
    ) -> Mapping[Place, int]:
        """Read, as `Reads` has it; raises whatever aiokafka raises, and TimeoutError if it merely falls silent."""
        partitions = [TopicPartition(self._names[topic], number) for topic, number in places]
        if not partitions:
            return {}
        async with asyncio.timeout(START_SECONDS):
            consumer = await self._started(FETCH_BYTES)
            stretches = await stretches_of(consumer, partitions, window, self._taken)
        self._sieve.sought = signs
        for stretch in filter(None, stretches.parts):
            await self._read_to(consumer, stretch, take, matters)
        return {(self._topics[tp.topic], tp.partition): count for tp, count in stretches.left.items()}

    async def newest(self, sought: Mapping[Place, Collection[bytes]]) -> Sequence[Found]:
        """Read backwards, piece by piece, as `Reads` has it; raises as `read` does."""
        places = {TopicPartition(self._names[topic], number): keys for (topic, number), keys in sought.items()}
        if not places:
            return []
        async with asyncio.timeout(START_SECONDS):
            consumer = await self._started(SIEVED_BYTES)
            first = await consumer.beginning_offsets(list(places))
            way = Backwards(places, first, await consumer.end_offsets(list(places)))
        done = 0
        while piece := way.next_piece():
            self._sieve.sought = way.wanted
            await self._read_to(consumer, piece, way.take, way.matters, done=done, total=way.records)
            done += records_in(piece)
        return way.found

    async def close(self) -> None:
        """Leave Kafka."""
        for consumer in self._consumers.values():
            await let_go(consumer)

    async def _started(self, partition_bytes: int) -> AIOKafkaConsumer:
        consumer = self._consumers.get(partition_bytes)
        if consumer is None:
            consumer = AIOKafkaConsumer(
                **self._options,
                auto_offset_reset="earliest",  # retention may remove the beginning meanwhile
                enable_auto_commit=False,
                key_deserializer=self._sieve,
                isolation_level="read_committed",
                max_partition_fetch_bytes=partition_bytes,
                fetch_max_bytes=RESPONSE_BYTES,
                fetch_max_wait_ms=FETCH_MILLISECONDS,
                retry_backoff_ms=BACKOFF_MILLISECONDS,
            )
            self._consumers[partition_bytes] = consumer
            await consumer.start()
            # Else it fetches nothing for a tenth of a second where a partition's window ends within what was fetched.
            consumer._fetcher._prefetch_backoff = AGAIN_SECONDS  # noqa: SLF001 - there is no option for it
        return consumer

    async def _read_to(
        self,
        consumer: AIOKafkaConsumer,
        stretch: Stretch,
        take: Take,
        matters: Matters | None,
        *,
        done: int = 0,
        total: int | None = None,
    ) -> None:
        """Read a stretch; it is shown as a part of `total` records, of which so many are done."""
        consumer.assign(list(stretch))
        for tp, (begin, _) in stretch.items():
            consumer.seek(tp, begin)
        at = {tp: begin for tp, (begin, _) in stretch.items()}
        total = records_in(stretch) if total is None else total
        moved_at = time.monotonic()
        while behind := {tp: stretch[tp][1] for tp, offset in at.items() if offset < stretch[tp][1]}:
            before = sum(at.values())
            for tp, end in behind.items():  # one by one: what lies beyond its end is unpacked of none
                async with asyncio.timeout(STALLED_SECONDS):
                    fetched = await consumer.getmany(tp, max_records=end - at[tp])
                    at[tp] = await consumer.position(tp)
                for record in fetched.get(tp, ()):
                    if record.offset < end and (matters is None or matters(record.key, record.value)):
                        take(Found.of(record, self._topics[record.topic]))
            consumer.pause(*(tp for tp, end in behind.items() if at[tp] >= end))
            self._progress(done + sum(min(at[tp], end) - begin for tp, (begin, end) in stretch.items()), total)
            if sum(at.values()) > before:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > STALLED_SECONDS:
                raise TimeoutError(f"{next(iter(behind)).topic}: nothing came for {STALLED_SECONDS:g} s")
            else:
                await asyncio.sleep(AGAIN_SECONDS)


@contextlib.asynccontextmanager
async def reads_of(settings: Settings, options: Mapping[str, Any]) -> AsyncIterator[KafkaReads]:
    """Ask Kafka which topics there are, to read from them; raises whatever aiokafka raises, and TimeoutError."""
    async with asyncio.timeout(START_SECONDS), topics_of(options, settings) as topics:
        counts = await topics.readable()
        taken = await taken_of(options, settings, counts)
    with progress_shown(Console(stderr=True)) as progress:
        reads = KafkaReads(options, settings.topics.model_dump(), counts, progress, taken)
        try:
            yield reads
        finally:
            await reads.close()


@contextlib.contextmanager
def progress_shown(console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Show a bar, only on a terminal and only if it takes long; leaves the terminal clean."""
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    from rich.progress import Progress as Bar  # noqa: PLC0415 - for those who look on

    began_at = clock()
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("reading the topics", visible=False)
        yield lambda done, total: bar.update(
            task, completed=done, total=total, visible=clock() - began_at > SHOWN_AFTER_SECONDS
        )
