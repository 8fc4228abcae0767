"""Takes records from Kafka into the mailboxes of the slots, and waits while these are full; decides nothing."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer

from relay.clock import Clock
from relay.contracts.bad_record import BadRecordCode
from relay.core.items import Requested
from relay.kafka.records import Outgoing
from relay.observe.metrics import Metrics
from relay.slot.codec import UnreadableInternal, decode_requested
from relay.slot.narration import tell_refused
from relay.slot.ownership import Ownership
from relay.slot.publishing import Publishing
from relay.slot.slot import RulesOf, Slot

RECORDS_PER_FETCH = 1000
FETCH_MILLISECONDS = 200
BODIES_FULL = 32 * 1_048_576  # bytes of answers that wait to be decided
MAILBOXES_FULL = 2000  # records held in memory before fetching waits: more would outwait their grace in queues

log = structlog.get_logger("relay.slot")


class Intake:
    """What fetches for all slots of a process; `room` is to be set when a turn has taken from the mailboxes."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        ownership: Ownership,
        publishing: Publishing,
        rules_of: RulesOf,
        *,
        raw_topic: str,
        metrics: Metrics,
        wake: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._consumer = consumer
        self._ownership = ownership
        self._publishing = publishing
        self._rules_of = rules_of
        self._raw_topic = raw_topic
        self._metrics = metrics
        self._wake = wake
        self._clock = clock
        self.room = asyncio.Event()

    async def run(self) -> None:
        """Move records from Kafka into the mailboxes, for ever; waits while they are full."""
        while True:
            self.room.clear()
            if self._full():
                await self.room.wait()
                continue
            fetched = await self._consumer.getmany(timeout_ms=FETCH_MILLISECONDS, max_records=RECORDS_PER_FETCH)
            for tp, records in fetched.items():
                slot = self._ownership.slots.get(tp.partition)
                if slot is not None and slot.ready:
                    self._receive(slot, tp.topic, records)
            if fetched:
                self._wake()

    def _full(self) -> bool:
        slots = self._ownership.slots.values()
        return (
            sum(len(slot.mailbox) for slot in slots) > MAILBOXES_FULL
            or sum(slot.answers.bytes for slot in slots if slot.answers.ripe) > BODIES_FULL
        )

    def _receive(self, slot: Slot, topic: str, records: Iterable[Any]) -> None:
        now, monotonic = self._clock(), time.monotonic()
        for record in records:
            if topic == self._raw_topic:
                slot.answers.receive(record, monotonic)
                continue
            if record.offset < slot.mailbox.next_fetched:
                continue
            try:
                item = self._requested(record)
            except UnreadableInternal as error:
                slot.refuse(record.offset, self.letter(record, BadRecordCode.DAMAGED, str(error)))
            else:
                slot.receive(item, record.offset, now, monotonic)

    def _requested(self, record: Any) -> Requested:
        item = self._publishing.recent.read(record.value) or decode_requested(record.value)
        rules, request = self._rules_of(item.request.account), item.request
        if rules is not None and rules.collecting is None and not (request.message_id or request.extra_id):
            raise UnreadableInternal("no id of the message")  # nobody could be asked about it
        return item

    def letter(self, record: Any, code: str, why: str, *, element: tuple[int, bytes] | None = None) -> Outgoing:
        """Return the dead letter of a record that can't be read, or of one element of it, and tell of it."""
        letter, outgoing = self._publishing.dead_letter(record, code, why, self._clock(), element)
        tell_refused(letter, self._metrics, log.error)
        return outgoing
