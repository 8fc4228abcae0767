"""Counts what was published of one account and compares it with what the provider knew; pure, without a clock."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from math import ceil
from statistics import median
from typing import Any

from relay.simulator.infobip_truth import CallTruth
from relay.simulator.truth import Truth

TYPES = ("delivered", "seen", "answered", "failed")
P95 = 0.95


@dataclass(slots=True, kw_only=True)
class _Published:
    """One event, however often its record was read."""

    type: str
    inferred: bool
    sequence: int
    supersedes: str | None
    request_id: str | None
    copies: int = 1


class _Wrong(Enum):
    LOST = auto()
    TWICE = auto()
    OTHERWISE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Seconds from the provider's knowing to the event's being readable; None while there is no event."""

    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The messages by their outcome, which add up to `messages`, and the events by type."""

    messages: int
    unasked: int
    delivered: int
    failed: int
    given_up: int
    pending: int
    events: Mapping[str, int]
    delays: Mapping[str, Delays]
    republished: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Status changes known to the provider, those published, lost and repeated, and a line for each fault."""

    known: int
    published: int
    lost: int
    twice: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """The messages of one account in one demo and the events read of them."""

    _events: dict[str, dict[str, _Published]] = field(default_factory=dict)
    _expected: set[str] = field(default_factory=set)
    _unasked: set[str] = field(default_factory=set)
    _delays: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in TYPES})
    _asked_again: set[str] = field(default_factory=set)
    _strangers: list[str] = field(default_factory=list)

    def expect(self, message_id: str, *, asked: bool = True) -> None:
        """Count a message that was given to the provider; `asked`: the relay is told of it, or asked about it."""
        self._expected.add(message_id)
        if not asked:
            self._unasked.add(message_id)

    def read(self, event: Mapping[str, Any], *, at: float, knew_at: float | None) -> None:
        """Count one published record; `knew_at` None keeps it out of the delays."""
        message_id = event["message_id"] or event["extra_id"]
        if message_id not in self._expected:
            self._strangers.append(message_id)
            return
        events = self._events.setdefault(message_id, {})
        if (known := events.get(event["event_id"])) is not None:
            known.copies += 1
            return
        events[event["event_id"]] = _Published(
            type=event["type"],
            inferred=event["inferred"],
            sequence=event["sequence"],
            supersedes=event["supersedes"],
            request_id=event["request_id"],
        )
        if knew_at is not None and event["type"] in self._delays:
            self._delays[event["type"]].append(at - knew_at)

    def ask_again(self, message_id: str) -> bool:
        """Expect the events of a message once more; False while it has none."""
        if message_id not in self._events:
            return False
        self._asked_again.add(message_id)
        return True

    def counts(self) -> Counts:
        """Give the figures as they stand."""
        outcomes = Counter(self._outcome(message_id) for message_id in self._expected)
        events = [event for published in self._events.values() for event in published.values()]
        return Counts(
            messages=len(self._expected),
            unasked=len(self._unasked),
            delivered=outcomes["delivered"],
            failed=outcomes["failed"] + outcomes["given up"],
            given_up=outcomes["given up"],
            pending=outcomes["pending"],
            events=Counter(event.type for event in events),
            delays={kind: delays_of(seconds) for kind, seconds in self._delays.items()},
            republished=sum(event.copies - 1 for event in events),
        )

    def verdict(self, truths: Mapping[str, Truth] | Mapping[str, CallTruth], *, silent: Iterable[str] = ()) -> Verdict:
        """Compare with the truth; `silent` are messages of which nothing is to be published, being asked only once."""
        quiet = self._unasked.union(silent)
        changes = {message_id: changes_of(truths[message_id]) for message_id in sorted(self._expected)}
        wrongs = [(_Wrong.OTHERWISE, f"{message_id}: published, but never sent") for message_id in self._strangers]
        for message_id, known in changes.items():
            wrongs.extend(self._wrongs(message_id, known, given_up=not known and message_id not in quiet))
        events = (event for published in self._events.values() for event in published.values())
        kinds = Counter(kind for kind, _ in wrongs)
        return Verdict(
            known=sum(map(len, changes.values())),
            published=sum(not _is_given_up(event) for event in events),
            lost=kinds[_Wrong.LOST],
            twice=kinds[_Wrong.TWICE],
            faults=tuple(fault for _, fault in wrongs),
        )

    def _wrongs(self, message_id: str, changes: frozenset[str], *, given_up: bool) -> Iterable[tuple[_Wrong, str]]:
        events = list(self._events.get(message_id, {}).values())
        reported = Counter(event.type for event in events if not _is_given_up(event))
        for kind in sorted(changes - reported.keys()):
            yield _Wrong.LOST, f"{message_id}: {kind} was not published"
        for kind in sorted(reported.keys() - changes):
            yield _Wrong.OTHERWISE, f"{message_id}: {kind} was published, but never was"
        if given_up and not any(map(_is_given_up, events)):
            yield _Wrong.OTHERWISE, f"{message_id}: was not given up"
        copies = 2 if message_id in self._asked_again else 1
        for event in events:
            if event.copies != copies:
                wrong = _Wrong.TWICE if event.copies > copies else _Wrong.OTHERWISE
                yield wrong, f"{message_id}: {event.type} was published {event.copies} times instead of {copies}"
            if event.request_id is not None and message_id in self._unasked:
                yield _Wrong.OTHERWISE, f"{message_id}: {event.type} names a request, but nobody asked"
        if sorted(event.sequence for event in events) != list(range(1, len(events) + 1)):
            yield _Wrong.OTHERWISE, f"{message_id}: its events are not numbered 1, 2, 3"
        yield from ((_Wrong.TWICE, fault) for fault in _contradictions(message_id, events))

    def _outcome(self, message_id: str) -> str:
        events = self._events.get(message_id, {}).values()
        if any(event.type == "delivered" for event in events):
            return "delivered"
        failures = [event for event in events if event.type == "failed"]
        if not failures:
            return "pending"
        return "given up" if all(map(_is_given_up, failures)) else "failed"


def changes_of(truth: Truth | CallTruth) -> frozenset[str]:
    """Say which status changes follow from what the provider knew; a delivery outweighs a failure."""
    if truth.outcome == "delivered":
        return frozenset({"delivered"} | ({"seen", "answered"} & truth.knew_at().keys()))
    return frozenset({"failed"} if truth.outcome == "failed" else ())


def delays_of(seconds: list[float]) -> Delays:
    """Give the median and the 95th percentile (the nearest rank)."""
    if not seconds:
        return Delays(median=None, p95=None)
    return Delays(median=median(seconds), p95=sorted(seconds)[ceil(len(seconds) * P95) - 1])


def _is_given_up(event: _Published) -> bool:
    return event.type == "failed" and event.inferred


def _contradictions(message_id: str, events: list[_Published]) -> Iterable[str]:
    """Name a type that was published twice without the later event's saying which one it replaces."""
    for kind, count in Counter(event.type for event in events).items():
        if count - 1 > sum(event.type == kind and event.supersedes is not None for event in events):
            yield f"{message_id}: {kind} was published by {count} events"
