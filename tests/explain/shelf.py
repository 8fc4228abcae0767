"""Records of topics in memory, and readers of them that keep count of what was asked for."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from relay.contracts.cloudevents import status_changed_headers
from relay.core.collecting import AccountState
from relay.core.items import Requested
from relay.core.model import Event, MessageState
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.names import state_key
from relay.explain.reading import Matters, Take
from relay.explain.windows import WHOLE, Place, Window, milliseconds
from relay.kafka.partitions import partition_of
from relay.providers.infobip_voice import read_page
from relay.slot.codec import encode_account, encode_requested, encode_state, event_value
from relay.slot.keys import account_key, account_shard_key, shard_key
from relay.slot.raw import StoredResponse, raw_records
from tests.builders import NOON, after, rules
from tests.infobip_pages import ACCOUNT

PARTITIONS = 4
NO_TIMESTAMP = -1
TOPICS = ("fetch_requests", "messages_sent", "delivered", "seen", "failed", "answered", "inbox", "raw", "state")
HYBER = Candidate(name="hyber_main", rules=rules())
VOICE = Candidate(
    name="voice_eu",
    rules=rules(account="voice_eu", provider="infobip_voice", seen_channels=frozenset()),
    read_page=lambda body, content_type: read_page(body, content_type, ACCOUNT),
)


class Shelf:
    """A Kafka in memory: what is put in can be read, all of it committed. It can't abort, compact or fail."""

    def __init__(self, *, missing: Collection[str] = (), partitions: int = PARTITIONS) -> None:
        self._partitions = partitions
        self.asked_for: set[Place] = set()
        self.windows: list[tuple[str, Window]] = []
        self.untaken: dict[str, int] = {}  # how many records at the end of a topic's partitions nobody took yet
        self._records: list[Found] = []
        self._missing = missing

    def partitions(self, topic: str) -> int:
        """Return the partition count."""
        return 0 if topic in self._missing else self._partitions

    def name(self, topic: str) -> str:
        """Return the topic's own name."""
        return f"t.{topic}"

    async def read(
        self,
        places: Collection[Place],
        take: Take,
        *,
        window: Window = WHOLE,
        matters: Matters | None = None,
        signs: Collection[bytes] | None = None,
    ) -> Mapping[Place, int]:
        """Give the records of the window that matter, and after it those that nobody took yet."""
        self.asked_for |= set(places)
        self.windows += [(topic, window) for topic in sorted({topic for topic, _ in places})]
        left: dict[Place, int] = {}
        for place in places:
            records = [found for found in self._records if (found.topic, found.partition) == place]
            begin = _first(records, window.since, 0)
            close = max(begin, _first(records, window.until, len(records)))
            rest = max(close, len(records) - self.untaken.get(place[0], 0))
            left[place] = begin + rest - close
            for found in records[begin:close] + records[rest:]:
                shown = signs is None or any(sign in (found.value or b"") for sign in signs)
                if shown and (matters is None or matters(found.key, found.value)):
                    take(found)
        return left

    async def newest(self, sought: Mapping[Place, Collection[bytes]]) -> Sequence[Found]:
        """Return the last record of each key."""
        self.asked_for |= set(sought)
        newest = {
            found.key: found for found in self._records if found.key in sought.get((found.topic, found.partition), ())
        }
        return list(newest.values())

    def put(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        shard: bytes | None = None,
        seconds: float = 0,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> Found:
        """Write a record, at so many seconds after noon; `shard` chooses the partition where the key doesn't."""
        partition = partition_of(shard or key or b"", self._partitions)
        found = Found(
            topic=topic,
            name=f"t.{topic}",
            partition=partition,
            offset=sum((each.topic, each.partition) == (topic, partition) for each in self._records),
            timestamp=milliseconds(after(seconds)),
            key=key,
            value=value,
            headers=headers or [],
        )
        self._records.append(found)
        return found

    def input(self, topic: str, value: Any, *, seconds: float = 0) -> Found:
        """Write an input record, without a key."""
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.put(topic, None, raw, seconds=seconds)

    def inbox(self, item: Requested, *, candidate: Candidate = HYBER, seconds: float = 0) -> Found:
        """Write an inbox record."""
        request = item.request
        key = shard_of(candidate, request.message_id, request.extra_id)
        return self.put("inbox", key, encode_requested(item), seconds=seconds)

    def state(
        self, state: MessageState | None, *, of: str = "", candidate: Candidate = HYBER, seconds: float = 0
    ) -> Found:
        """Write a message's state; None and a message's id in `of`: its tombstone."""
        message_id, extra_id = (state.message_id, state.extra_id) if state is not None else (of, None)
        key = state_key(candidate.name, message_id, extra_id)
        value = encode_state(state) if state is not None else None
        return self.put("state", key, value, shard=shard_of(candidate, message_id, extra_id), seconds=seconds)

    def account(self, state: AccountState, *, candidate: Candidate = VOICE, seconds: float = 0) -> Found:
        """Write an account's state."""
        key = account_key(candidate.name)
        return self.put("state", key, encode_account(state), shard=account_shard_key(candidate.name), seconds=seconds)

    def event(self, event: Event, *, seconds: float = 0) -> Found:
        """Write an event."""
        value, headers = event_value(event), status_changed_headers(event)
        return self.put(event.type.value, event.subject.encode(), value, seconds=seconds, headers=headers)

    def response(self, response: StoredResponse, *, seconds: float = 0) -> list[Found]:
        """Write a kept answer, in as many records as it needs."""
        return [
            self.put("raw", record.key, record.value, seconds=seconds, headers=record.headers)
            for record in raw_records(response, "raw", 0)
        ]


def _first(records: Sequence[Found], instant: datetime | None, otherwise: int) -> int:
    """Return the place of the first record that is not older, as Kafka does; all are where none has a timestamp."""
    if instant is None:
        return otherwise
    if all(found.timestamp == NO_TIMESTAMP for found in records):
        return otherwise
    at = milliseconds(instant)
    return next((place for place, found in enumerate(records) if found.timestamp >= at), len(records))


def shard_of(candidate: Candidate, message_id: str | None, extra_id: str | None) -> bytes:
    """Return the key that chooses a message's partition."""
    if candidate.collected:
        return account_shard_key(candidate.name)
    return shard_key(candidate.name, message_id, extra_id)


def a_response(body: bytes, **changes: Any) -> StoredResponse:
    """Return a kept answer of the voice account, asked for at noon."""
    plain: dict[str, Any] = {
        "response_id": "0b6f3c1e-2f57-4e0c-9d0b-6f0f5a1c2d3e",
        "account": "voice_eu",
        "status": 200,
        "url": "https://x.api.infobip.example/tts/3/reports?limit=500",
        "content_type": "application/json",
        "retry_after": None,
        "asked_at": NOON,
        "answered_at": after(0.5),
        "body": body,
    }
    return StoredResponse(**{**plain, **changes})
