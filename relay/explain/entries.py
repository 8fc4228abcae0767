"""What an explanation is made of: the records that were found, and a line of the timeline for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from relay.contracts.instants import format_instant
from relay.core.model import Json
from relay.printable import printable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECONDS = 253_402_300_799_000  # the end of the year 9999: a producer may write any number
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


class Kind(StrEnum):
    """What an entry tells of."""

    REQUEST = "request"
    DEAD_LETTER = "dead_letter"
    ACCEPTED = "accepted"
    FORWARDED = "forwarded"
    WISH = "wish"
    INTENT = "intent"
    DRAIN = "drain"
    RESPONSE = "response"
    EVENT = "event"
    STATE = "state"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record as it was read; `topic` is the settings' name of its topic, such as `inbox`, `name` its own."""

    topic: str
    name: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()

    @classmethod
    def of(cls, record: Any, topic: str) -> Self:
        """Make one of a record as aiokafka's consumer gives it."""
        return cls(
            topic=topic,
            name=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            key=record.key,
            value=record.value,
            headers=record.headers,
        )

    @property
    def at(self) -> datetime | None:
        """When the record was written, by its own timestamp; None where that is no date."""
        if not 0 <= self.timestamp <= _LAST_MILLISECONDS:
            return None
        return _EPOCH + timedelta(milliseconds=self.timestamp)

    @property
    def where(self) -> str:
        """The record's topic, partition and offset."""
        return f"{self.name}[{self.partition}]@{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline: when, what, and in which record it stands."""

    at: datetime | None
    kind: Kind
    account: str | None
    text: str
    details: Json
    found: Found

    def as_json(self) -> Json:
        """Return the entry as plain JSON values."""
        return {
            "at": None if self.at is None else format_instant(self.at),
            "kind": self.kind.value,
            "account": self.account,
            "text": self.text,
            "topic": self.found.name,
            "partition": self.found.partition,
            "offset": self.found.offset,
            "details": self.details,
        }


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries in order of time; at one instant as things follow from one another."""
    kinds = list(Kind)
    return sorted(
        entries,
        key=lambda entry: (
            entry.at or _EPOCH,
            kinds.index(entry.kind),
            entry.details.get("sequence", 0),
            entry.found.offset,
        ),
    )


def joined(*parts: str | None) -> str:
    """Put the parts that there are into one line that is safe on a terminal."""
    return printable(", ".join(part for part in parts if part))


def counted(number: int, noun: str) -> str:
    """Say how many there are."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shown(instant: datetime | None) -> str | None:
    """Write an instant as it is published everywhere else."""
    return None if instant is None else format_instant(instant)


def span(seconds: float) -> str:
    """Say roughly how long that is."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"
