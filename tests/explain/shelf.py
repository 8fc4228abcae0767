"""Records of topics in memory, and readers of them that keep count of what was asked for."""

import json
from collections.abc import Collection
from typing import Any

from relay.contracts.cloudevents import status_changed_headers
from relay.core.collecting import AccountState
from relay.core.items import Requested
from relay.core.model import Event, MessageState
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.names import state_key
from relay.explain.reading import Place, Take
from relay.kafka.partitions import partition_of
from relay.providers.infobip_voice import read_page
from relay.slot.codec import encode_account, encode_requested, encode_state
from relay.slot.keys import account_key, account_shard_key, shard_key
from relay.slot.publishing import event_value
from relay.slot.raw import StoredResponse, raw_records
from tests.builders import NOON, after, rules
from tests.infobip_pages import ACCOUNT

PARTITIONS = 4
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
        self._records: list[Found] = []
        self._missing = missing

    def partitions(self, topic: str) -> int:
        """Return the partition count."""
        return 0 if topic in self._missing else self._partitions

    def missing(self, topics: Collection[str]) -> tuple[str, ...]:
        """Return the topics that are not there."""
        return tuple(f"t.{topic}" for topic in topics if topic in self._missing)

    async def read(self, places: Collection[Place], take: Take) -> None:
        """Give the records of the partitions."""
        self.asked_for |= set(places)
        for found in self._records:
            if (found.topic, found.partition) in places:
                take(found)

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
            timestamp=round(after(seconds).timestamp() * 1000),
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
