"""A decided turn as records: which topic, which partition, which bytes. Sends nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from relay.configuration import TopicSettings
from relay.contracts.cloudevents import dead_letter_headers, status_changed_headers
from relay.contracts.dead_letter import DeadLetter, RejectedRecord, dead_letter_for
from relay.core.items import Requested
from relay.core.model import Event, EventType, Request
from relay.kafka.partitions import hashes_of, partition_of
from relay.kafka.records import Outgoing
from relay.observe.tracing import TRACEPARENT
from relay.slot.codec import encode_requested
from relay.slot.keys import account_shard_key, shard_key
from relay.slot.recent import Recent
from relay.slot.turn import Turn


class Publishing:
    """Knows the topics and how many partitions each has; `collected`: accounts that live in one slot each."""

    def __init__(self, topics: TopicSettings, collected: Collection[str] = ()) -> None:
        self._topics = topics
        self._collected = collected
        self._of_type: Mapping[EventType, str] = {
            EventType.DELIVERED: topics.delivered,
            EventType.SEEN: topics.seen,
            EventType.FAILED: topics.failed,
            EventType.ANSWERED: topics.answered,
        }
        self._counts: dict[str, int] = {}
        self.recent = Recent()

    @property
    def needed(self) -> tuple[str, ...]:
        """The topics whose partition counts must be known."""
        return (*self._of_type.values(), self._topics.inbox, self._topics.dead_letters)

    def partitions_are(self, counts: Mapping[str, int]) -> None:
        """Take the partition counts of the topics."""
        self._counts = dict(counts)

    def records(self, turns: Iterable[Turn]) -> list[Outgoing]:
        """Return the records of the turns: events, states, and requests forwarded to other slots."""
        records: list[Outgoing] = []
        for turn in turns:
            events = self._events(turn.events, turn.written)
            for event, traceparent in zip(events, turn.traceparents, strict=False):  # none where tracing is off
                event.headers.append((TRACEPARENT, traceparent.encode()))
            records.extend(events)
            records.extend(turn.letters)
            records.extend(self.inbox_records(turn.forwards))
            records.extend(self._state(turn.slot.partition, key, value) for key, value in turn.writes.items())
        return records

    def inbox_records(self, items: Sequence[Requested]) -> list[Outgoing]:
        """Return the inbox records of requests, each in the partition of the slot that owns its message."""
        keys = [self._shard_key(item.request) for item in items]
        inbox, hashes = self._topics.inbox, hashes_of(keys)
        count = self._counts[inbox]
        values = [encode_requested(item) for item in items]
        self.recent.wrote((value, item) for value, item in zip(values, items, strict=True) if not item.forwarded)
        return [Outgoing(inbox, hashes[key] % count, key, value, []) for key, value in zip(keys, values, strict=True)]

    def _shard_key(self, request: Request) -> bytes:
        if request.account in self._collected:
            return account_shard_key(request.account)
        return shard_key(request.account, request.message_id, request.extra_id)

    def dead_letter(
        self, record: Any, code: str, message: str, failed_at: datetime, element: tuple[int, bytes] | None = None
    ) -> tuple[DeadLetter, Outgoing]:
        """Return the dead letter of a refused record, and the record that carries it, with the refused one's key.

        `element`: only this part of it was refused, by its number and with its own bytes.
        """
        number, value = element if element is not None else (None, record.value)
        rejected = RejectedRecord(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            key=record.key,
            value=value,
            headers=record.headers,
            element=number,
        )
        letter = dead_letter_for(rejected, code, message, failed_at)
        topic = self._topics.dead_letters
        place = record.key if record.key is not None else letter.dead_letter_id.encode()
        partition = partition_of(place, self._counts[topic])
        return letter, Outgoing(topic, partition, record.key, letter.to_bytes(), dead_letter_headers(letter))

    def _events(self, events: Sequence[Event], written: Mapping[str, bytes]) -> list[Outgoing]:
        keys = [event.subject.encode() for event in events]
        hashes = hashes_of(keys)
        return [
            Outgoing(
                topic := self._of_type[event.type],
                hashes[key] % self._counts[topic],
                key,
                written[event.event_id],
                status_changed_headers(event),
            )
            for key, event in zip(keys, events, strict=True)
        ]

    def _state(self, partition: int, key: bytes, value: bytes | None) -> Outgoing:
        return Outgoing(self._topics.state, partition, key, value, [])
