"""FastStream's part: one batch subscriber for each input topic, offsets committed only after every acknowledgement.

What FastStream must not do here (acknowledge, decode, reply, create topics) is off; tests/ingest pins it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, NoReturn

import structlog
from aiokafka import TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    GroupAuthorizationFailedError,
    KafkaError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from relay.clock import Clock
from relay.contracts.bad_record import BadRecord
from relay.core.instants import to_milliseconds
from relay.core.items import Requested
from relay.ingest.accepting import Accept
from relay.kafka.groups import ingest_group
from relay.kafka.records import Outgoing
from relay.kafka.writing import Writer
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.observe.rendering import masked
from relay.observe.tracing import OFF, Tracing
from relay.providers.account import Account
from relay.slot.narration import tell_refused
from relay.slot.publishing import Publishing

RECORDS_PER_BATCH = 1000  # moving a batch takes some waits for Kafka, however large it is
NAMES_SHOWN, NAME_SHOWN = 10, 64  # they are the sender's words
WAIT_MILLISECONDS = 1000  # for records, before the consumer is asked again

log = structlog.get_logger("relay.ingest")


class Ingest:
    """Moves the records of both input topics; `failed` is called with an error that only a bug can cause."""

    def __init__(
        self,
        broker: KafkaBroker,
        *,
        group: str,
        accounts: Mapping[str, Account],
        inbox: Writer,
        dead_letters: Writer,
        publishing: Publishing,
        metrics: Metrics,
        clock: Clock,
        failed: Callable[[BaseException], None],
        tracing: Tracing = OFF,
    ) -> None:
        self.waiting: dict[str, str] = {}  # input topics whose records can't be moved now, and where to
        self._accounts = accounts
        self._inbox = inbox
        self._dead_letters = dead_letters
        self._publishing = publishing
        self._metrics = metrics
        self._clock = clock
        self._failed = failed
        self._traced = tracing.accepted
        self._broker, self._group = broker, group

    def subscribe(self, topic: str, accept: Accept) -> Any:
        """Subscribe to an input topic; its records are accepted by `accept`."""
        subscriber: Any = self._broker.subscriber(
            topic,
            group_id=ingest_group(self._group, topic),
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=[RangePartitionAssignor],
            rebalance_timeout_ms=60_000,
            no_reply=True,
            include_in_schema=False,
            parser=_raw,
            decoder=_undecoded,
        )

        async def handle(message: KafkaMessage) -> None:
            try:
                await self._move(topic, accept, message)
            except Exception as error:  # noqa: BLE001 - FastStream would swallow it, and a later commit pass its records
                await self._end_by(error)

        subscriber(handle)
        subscriber.get_msg = self._taken
        return subscriber

    async def _taken(self, consumer: Any) -> tuple[Any, ...]:
        """Return the next records. Where some can't be unpacked, end the process.

        aiokafka has then dropped what it had unpacked of other partitions, and the next commit would pass it.
        """
        try:
            return await _next_records(consumer)
        except Exception as error:
            harmless = isinstance(error, KafkaError | ConsumerStoppedError)
            if harmless and not isinstance(error, CorruptRecordException):
                raise  # a right that is missing, or the consumer's end: nothing was taken out
            await self._end_by(error)

    async def _end_by(self, error: Exception) -> NoReturn:
        """End the process; until then do nothing, since a later commit would pass records that nobody moved."""
        self._failed(error)
        await asyncio.Event().wait()
        raise error

    async def _move(self, topic: str, accept: Accept, message: KafkaMessage) -> None:
        records: Sequence[Any] = message.raw_message
        accepted, rejected = self._sorted(topic, accept, records)
        if rejected:
            letters = [self._letter(record, bad) for record, bad in rejected]
            await self._dead_letters.write(letters, partial(self._letters_delayed, topic))
        if accepted:
            await self._inbox.write(self._publishing.inbox_records(accepted), partial(self._inbox_delayed, topic))
        self.waiting.pop(topic, None)
        offsets = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        try:
            consumer: Any = message.consumer  # FastStream's protocol for it leaves the argument out
            await consumer.commit(offsets)
        except GroupAuthorizationFailedError:
            raise  # its consumer never comes back from that; the next start says what is missing, and waits
        except KafkaError as error:
            log.warning(
                Line.KAFKA_AWAITED,
                why="offsets not committed; the records are read again",
                topic=topic,
                detail=type(error).__name__,
            )
        log.debug(Line.INGEST_COMMITTED, topic=topic, records=len(records))

    def _sorted(
        self, topic: str, accept: Accept, records: Sequence[Any]
    ) -> tuple[list[Requested], list[tuple[Any, BadRecord]]]:
        now = to_milliseconds(self._clock())
        accepted: list[Requested] = []
        rejected: list[tuple[Any, BadRecord]] = []
        for record in records:
            try:
                found = accept(record.key, record.value, record.headers, self._accounts, now)
            except BadRecord as bad:
                rejected.append((record, bad))
                continue
            request = found.request if self._traced is None else self._traced(record, found.request)
            accepted.append(Requested(request=request))
            if found.unknown_fields:
                self._metrics.ignored_fields.labels(topic).inc(len(found.unknown_fields))
                log.info(
                    Line.FIELDS_IGNORED,
                    topic=topic,
                    partition=record.partition,
                    offset=record.offset,
                    account=request.account,
                    names=masked([name[:NAME_SHOWN] for name in found.unknown_fields[:NAMES_SHOWN]]),
                )
        self._metrics.requests.labels(topic, "accepted").inc(len(accepted))
        self._metrics.requests.labels(topic, "rejected").inc(len(rejected))
        return accepted, rejected

    def _letter(self, record: Any, bad: BadRecord) -> Outgoing:
        letter, outgoing = self._publishing.dead_letter(record, bad.code, bad.message, self._clock())
        tell_refused(letter, self._metrics, log.warning)
        return outgoing

    def _letters_delayed(self, source: str, topic: str, error: Exception) -> None:
        self.waiting[source] = topic
        log.error(Line.DEAD_LETTERS_DELAYED, source=source, topic=topic, why=type(error).__name__, detail=str(error))

    def _inbox_delayed(self, source: str, topic: str, error: Exception) -> None:
        self.waiting[source] = topic
        log.warning(Line.KAFKA_AWAITED, what=topic, why=type(error).__name__, detail=str(error))


Original = Callable[[tuple[Any, ...]], Awaitable[Any]]


async def _raw(records: tuple[Any, ...], original: Original) -> Any:
    """Show FastStream one record without its headers, which it would choke on; the handler gets the originals."""
    message = await original((replace(records[0], headers=()),))
    message.raw_message = records
    return message


async def _next_records(consumer: Any) -> tuple[Any, ...]:
    """Return records as soon as there are any; FastStream's own sleeps after each fetch that brought none."""
    while True:
        if fetched := await consumer.getmany(timeout_ms=WAIT_MILLISECONDS, max_records=RECORDS_PER_BATCH):
            return tuple(chain.from_iterable(fetched.values()))


async def _undecoded(message: Any) -> Any:
    return message.body
