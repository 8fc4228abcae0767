"""A decided turn as records: which topic, which partition, which bytes. Sends nothing."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from relay.configuration import TopicSettings
from relay.contracts.cloudevents import dead_letter_headers, status_changed_headers
from relay.contracts.dead_letter import DeadLetter, RejectedRecord, dead_letter_for
from relay.contracts.instants import format_instant
from relay.core.items import Requested
from relay.core.model import Event, EventType
from relay.kafka.partitions import partition_of
from relay.kafka.records import Outgoing
from relay.observe.tracing import TRACEPARENT
from relay.slot.codec import encode_requested
from relay.slot.keys import account_shard_key, shard_key
from relay.slot.turn import Turn


def event_value(event: Event) -> bytes:
    """Return an event as the StatusChanged contract's JSON.

    The dataclass is written as it stands, several times faster than through the contract's model; tests hold both to
    the same bytes.
    """
    return orjson.dumps(event, default=format_instant, option=orjson.OPT_PASSTHROUGH_DATETIME)


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
            events = list(map(self._event, turn.events))
            for event, traceparent in zip(events, turn.traceparents, strict=False):  # none where tracing is off
                event.headers.append((TRACEPARENT, traceparent.encode()))
            records.extend(events)
            records.extend(turn.letters)
            records.extend(map(self.inbox_record, turn.forwards))
            records.extend(self._state(turn.slot.partition, key, value) for key, value in turn.writes.items())
        return records

    def inbox_record(self, item: Requested) -> Outgoing:
        """Return the inbox record of a request, in the partition of the slot that owns its message."""
        request = item.request
        if request.account in self._collected:
            key = account_shard_key(request.account)
        else:
            key = shard_key(request.account, request.message_id, request.extra_id)
        inbox = self._topics.inbox
        return Outgoing(inbox, partition_of(key, self._counts[inbox]), key, encode_requested(item), [])

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

    def _event(self, event: Event) -> Outgoing:
        key = event.subject.encode()
        topic = self._of_type[event.type]
        return Outgoing(
            topic, partition_of(key, self._counts[topic]), key, event_value(event), status_changed_headers(event)
        )

    def _state(self, partition: int, key: bytes, value: bytes | None) -> Outgoing:
        return Outgoing(self._topics.state, partition, key, value, [])
