"""Records as a consumer gives them, and the stored answers of drains that they hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from relay.kafka.records import Outgoing
from relay.slot.raw import StoredResponse, raw_records
from tests.builders import after
from tests.collected import ACCOUNT

RAW = "relay.raw.v1"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record as aiokafka gives it, as far as the relay looks at it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    topic: str = RAW
    partition: int = 0
    timestamp: int | None = 1_795_000_000_000


def a_response(**changes: Any) -> StoredResponse:
    """Return what a provider answered a second after noon to the drain d-1."""
    response = StoredResponse(
        response_id="d-1",
        account=ACCOUNT,
        status=200,
        url="https://x.api.infobip.example/tts/3/reports?limit=500",
        content_type="application/json",
        retry_after=None,
        asked_at=after(0),
        answered_at=after(1),
        body=b"{}",
    )
    return replace(response, **changes)


def fetched(*sent: Outgoing, offset: int = 0) -> list[Record]:
    """Return records that were sent as they are fetched, the first at this offset."""
    return [
        Record(offset=place, key=each.key, value=each.value, headers=tuple(each.headers))
        for place, each in enumerate(sent, offset)
    ]


def stored(*responses: StoredResponse, offset: int = 0) -> list[Record]:
    """Return the records of answers as they are fetched, one answer after the other."""
    sent = [each for response in responses for each in raw_records(response, RAW, 0)]
    return fetched(*sent, offset=offset)


def with_headers(record: Record, **changes: bytes | None) -> Record:
    """Return a record with some headers changed, or added."""
    kept = [(name, value) for name, value in record.headers if name not in changes]
    return replace(record, headers=(*kept, *changes.items()))


def without_header(record: Record, name: str) -> Record:
    """Return a record without a header."""
    return replace(record, headers=tuple(each for each in record.headers if each[0] != name))
