"""Answers of drains as records of the raw topic, in parts where a record can't hold them, and back again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from relay.contracts.instants import format_instant
from relay.kafka.records import Outgoing
from relay.slot.codec import UnreadableInternal

PART_BYTES = 8 * 1_048_576  # fits a record, and its dead letter in base64, too


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """One HTTP answer to a drain, whatever its status; `cut`: why it broke off, if it did."""

    response_id: str
    account: str
    status: int
    url: str
    content_type: str | None
    retry_after: str | None
    asked_at: datetime
    answered_at: datetime
    body: bytes
    cut: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One raw record: a part of a stored response's body, and what its headers say."""

    record: Any
    response_id: str
    account: str
    part: int
    parts: int
    sha256: str
    status: int
    url: str
    content_type: str | None
    retry_after: str | None
    asked_at: datetime
    answered_at: datetime
    cut: str | None
    traceparent: str | None


def raw_records(response: StoredResponse, topic: str, partition: int) -> list[Outgoing]:
    """Return the records that hold a response."""
    body = response.body
    bodies = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)] or [b""]
    facts = {
        "account": response.account,
        "response_id": response.response_id,
        "parts": str(len(bodies)),
        "sha256": hashlib.sha256(body).hexdigest(),
        "status": str(response.status),
        "url": response.url,
        "content_type": response.content_type,
        "retry_after": response.retry_after,
        "cut": response.cut,
        "traceparent": response.traceparent,
        "asked_at": format_instant(response.asked_at),
        "answered_at": format_instant(response.answered_at),
    }
    headers = [(name, value.encode()) for name, value in facts.items() if value is not None]
    return [
        Outgoing(topic, partition, response.account.encode(), part, [*headers, ("part", str(number).encode())])
        for number, part in enumerate(bodies, 1)
    ]


def part_of(record: Any) -> Part:
    """Read a raw record's headers.

    Raises:
        UnreadableInternal: it isn't what the relay writes.

    """
    try:
        facts = {name: value.decode() for name, value in record.headers}
        part = Part(
            record=record,
            response_id=facts["response_id"],
            account=facts["account"],
            part=int(facts["part"]),
            parts=int(facts["parts"]),
            sha256=facts["sha256"],
            status=int(facts["status"]),
            url=facts["url"],
            content_type=facts.get("content_type"),
            retry_after=facts.get("retry_after"),
            asked_at=_instant(facts["asked_at"]),
            answered_at=_instant(facts["answered_at"]),
            cut=facts.get("cut"),
            traceparent=facts.get("traceparent"),
        )
    except (KeyError, ValueError, OverflowError, AttributeError, TypeError) as error:
        raise UnreadableInternal(f"headers: {type(error).__name__}") from None
    if record.value is None or not 1 <= part.part <= part.parts:
        raise UnreadableInternal("value or header part")
    return part


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if format_instant(at) != text:  # a naive one would be taken for local time, and comes out otherwise
        raise ValueError("not as the relay writes it")
    return at


@dataclass(slots=True, eq=False)
class Assembled:
    """A response that came together again, or (`body` None) parts of one that never will, or are not what was sent."""

    parts: tuple[Part, ...]
    offsets: tuple[int, ...]
    body: bytes | None

    @property
    def first(self) -> Part:
        """The part whose headers speak for all."""
        return self.parts[0]


class Assembly:
    """The raw records of one slot that were fetched and not decided: parts become responses."""

    def __init__(self) -> None:
        self.next_fetched = 0  # the offset after the last record that was put in, ever
        self.bytes = 0  # of what is not decided
        self._undecided: dict[int, int] = {}  # offset: size
        self._parts: dict[str, dict[int, Part]] = {}
        self._offsets: dict[str, list[int]] = {}
        self._since: dict[str, float] = {}

    @property
    def next_offset(self) -> int:
        """The first offset that is not decided."""
        return min(self._undecided, default=self.next_fetched)

    def begin(self, offset: int) -> None:
        """Start over at an offset."""
        self.next_fetched, self.bytes = offset, 0
        for held in (self._undecided, self._parts, self._offsets, self._since):
            held.clear()

    def note(self, record: Any) -> None:
        """Hold the offset back until the record is decided."""
        self.next_fetched = record.offset + 1
        self._undecided[record.offset] = len(record.value or b"")
        self.bytes += len(record.value or b"")

    def put(self, part: Part, monotonic: float) -> Assembled | None:
        """Add a part; return the response if it was the last that was missing. Parts that are there already pass."""
        name = part.response_id
        parts = self._parts.setdefault(name, {})
        parts.setdefault(part.part, part)
        self._offsets.setdefault(name, []).append(part.record.offset)
        self._since[name] = monotonic
        if len(parts) < part.parts:
            return None
        return self._taken(name)

    def overdue(self, monotonic: float, seconds: float) -> list[Assembled]:
        """Take out what waits for its other parts for longer than some seconds."""
        return [self._taken(name) for name, since in list(self._since.items()) if monotonic - since > seconds]

    def decided(self, offsets: tuple[int, ...]) -> None:
        """Let the offsets pass."""
        for offset in offsets:
            self.bytes -= self._undecided.pop(offset, 0)

    def _taken(self, name: str) -> Assembled:
        found = self._parts.pop(name)
        offsets = tuple(self._offsets.pop(name))
        del self._since[name]
        parts = tuple(found[number] for number in sorted(found))
        body = b"".join(part.record.value for part in parts) if len(parts) == parts[0].parts else None
        if body is not None and hashlib.sha256(body).hexdigest() != parts[0].sha256:
            body = None
        return Assembled(parts, offsets, body)
