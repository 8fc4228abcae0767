"""Writes refused records back: each batch and the note that it was written are one Kafka transaction, or nothing.

One redrive works at a time: the newest takes the transactional id, and Kafka refuses the older one from then on.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from relay.contracts.dead_letter import DeadLetter, restore
from relay.explain.entries import Found
from relay.kafka.abandoning import abandon, let_go
from relay.kafka.records import Headers, Outgoing, batches
from relay.letters.marks import Marks
from relay.letters.planning import Planned
from relay.letters.stored import Shelf, letter_in

START_SECONDS = 30
TRANSACTION_SECONDS = 10  # also how long a redrive that died can keep the relay waiting for its inputs
BATCH_RECORDS, BATCH_BYTES = 200, 4 * 1_048_576
RECORD_BYTES = 32 * 1_048_576
READ_MILLISECONDS = 200
STALLED_SECONDS = 15.0

Written = Callable[[int], None]


class RedriveFailed(Exception):  # noqa: N818 - the past participle says that it did not go on
    """A batch was not written, or it can't be known; what was committed before is, and is remembered."""


@dataclass(slots=True, kw_only=True)
class Redriving:
    """The one redrive that may write; `group` keeps the marks of the topic of dead letters."""

    producer: AIOKafkaProducer
    group: str
    topic: str
    _records: list[Outgoing] = field(default_factory=list)
    _marked: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    async def write(
        self,
        found: AsyncIterator[Found],
        plan: Sequence[Planned],
        shelf: Shelf,
        marks: Mapping[int, Marks],
        on: Written,
    ) -> int:
        """Write the records of the letters that are found, batch by batch; return how many. `on` hears of each batch.

        Raises:
            RedriveFailed: the batch under way was refused, or another redrive took over.

        """
        planned = {each.letter.letter_id: each for each in plan}
        places = shelf.places()
        known, count, size = dict(marks), 0, 0
        async for record in found:
            letter = letter_in(record)
            if letter is None:
                continue
            outgoing = _outgoing(planned[letter.dead_letter_id], letter)
            self._records.append(outgoing)
            for partition, offset in places[letter.dead_letter_id]:
                self._marked[partition].add(offset)
            size += len(outgoing.value or b"")
            if len(self._records) >= BATCH_RECORDS or size >= BATCH_BYTES:
                count, size = count + await self._commit(known, shelf, on), 0
        return count + await self._commit(known, shelf, on)

    async def _commit(self, known: dict[int, Marks], shelf: Shelf, on: Written) -> int:
        """Commit what was gathered, with the marks, which become those that are known."""
        records, self._records = self._records, []
        marked, self._marked = self._marked, defaultdict(set)
        if not records:
            return 0
        now = {partition: known[partition].added(each, shelf.offsets[partition]) for partition, each in marked.items()}
        offsets = {
            TopicPartition(self.topic, partition): (marks.offset, marks.metadata) for partition, marks in now.items()
        }
        try:
            async with asyncio.timeout(TRANSACTION_SECONDS):
                await self._transact(records, offsets)
        except Exception as error:
            raise RedriveFailed(f"{type(error).__name__}: {error}") from error
        known.update(now)
        on(len(records))
        return len(records)

    async def _transact(self, records: Sequence[Outgoing], offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        await self.producer.begin_transaction()
        sent = [await future for future in batches(self.producer, records, transactional=True)]
        await asyncio.gather(*sent)  # a failed send does not fail the transaction by itself
        await self.producer.send_offsets_to_transaction(dict(offsets), self.group)
        await self.producer.commit_transaction()


def _outgoing(planned: Planned, letter: DeadLetter) -> Outgoing:
    key, value, headers = restore(letter)
    exactly: Headers = list(headers)  # type: ignore[arg-type] # a null header is none of ours, but goes on the wire
    return Outgoing(planned.letter.source.topic, planned.partition, key, value, exactly)


@contextlib.asynccontextmanager
async def redriving(
    options: Mapping[str, Any], *, group: str, transactional_id: str, topic: str
) -> AsyncIterator[Redriving]:
    """Take the right to redrive; whatever another redrive left open is aborted before this returns."""
    producer = AIOKafkaProducer(
        **options,
        transactional_id=transactional_id,
        transaction_timeout_ms=TRANSACTION_SECONDS * 1000,
        acks="all",
        max_request_size=RECORD_BYTES,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await producer.start()
        yield Redriving(producer=producer, group=group, topic=topic)
        await producer.stop()
    except BaseException:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):  # else the relay waits for its inputs until the transaction times out
                await producer.abort_transaction()
        await abandon(producer)
        raise


async def letters_at(options: Mapping[str, Any], topic: str, places: Sequence[tuple[int, int]]) -> AsyncIterator[Found]:
    """Read the records at these partitions and offsets again, in their order; those that are gone are passed over."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for partition, offset in places:
        wanted[partition].add(offset)
    consumer = AIOKafkaConsumer(
        **options,
        auto_offset_reset="earliest",  # retention may remove letters meanwhile
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await consumer.start()
        for partition, offsets in sorted(wanted.items()):
            tp = TopicPartition(topic, partition)
            consumer.assign([tp])
            consumer.seek(tp, min(offsets))
            while await _position(consumer, tp) <= max(offsets):
                async with asyncio.timeout(STALLED_SECONDS):
                    record = await consumer.getone(tp)
                if record.offset in offsets:
                    yield Found.of(record, "dead_letters")
    finally:
        await let_go(consumer)


async def _position(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
    async with asyncio.timeout(STALLED_SECONDS):
        position: int = await consumer.position(tp)
        return position
