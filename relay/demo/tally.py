"""Counts what was published and compares it with what the provider knew. Pure: instants come from the caller."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import Any

from relay.simulator.truth import Truth

TYPES = ("delivered", "seen", "failed")
P95 = 0.95


@dataclass(slots=True, kw_only=True)
class _Published:
    """One event, however often its record was read."""

    type: str
    inferred: bool
    sequence: int
    supersedes: str | None
    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Seconds from the provider's knowing to the event's being readable; None while there is no event."""

    median: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The messages by their outcome, which add up to `messages`, and the events by type."""

    messages: int
    delivered: int
    failed: int
    given_up: int
    pending: int
    events: Mapping[str, int]
    delays: Mapping[str, Delays]
    republished: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Status changes known to the provider and those published, and a line for each that differs."""

    known: int
    published: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """The messages of one demo and the events read of them."""

    _events: dict[str, dict[str, _Published]] = field(default_factory=dict)
    _expected: set[str] = field(default_factory=set)
    _delays: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in TYPES})
    _asked_again: set[str] = field(default_factory=set)
    _strangers: list[str] = field(default_factory=list)

    def expect(self, message_id: str) -> None:
        """Count a message that was given to the provider."""
        self._expected.add(message_id)

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
            delivered=outcomes["delivered"],
            failed=outcomes["failed"] + outcomes["given up"],
            given_up=outcomes["given up"],
            pending=outcomes["pending"],
            events=Counter(event.type for event in events),
            delays={kind: delays_of(seconds) for kind, seconds in self._delays.items()},
            republished=sum(event.copies - 1 for event in events),
        )

    def verdict(self, truths: Mapping[str, Truth], *, silent: Iterable[str] = ()) -> Verdict:
        """Compare with the truth; `silent` are messages of which nothing is to be published, being asked only once."""
        quiet = frozenset(silent)
        faults = [f"{message_id}: published, but never sent" for message_id in self._strangers]
        known = 0
        for message_id in sorted(self._expected):
            changes = changes_of(truths[message_id])
            known += len(changes)
            faults.extend(self._faults(message_id, changes, given_up=not changes and message_id not in quiet))
        events = (event for published in self._events.values() for event in published.values())
        published = sum(not _is_given_up(event) for event in events)
        return Verdict(known=known, published=published, faults=tuple(faults))

    def _faults(self, message_id: str, changes: frozenset[str], *, given_up: bool) -> Iterable[str]:
        events = self._events.get(message_id, {}).values()
        reported = Counter(event.type for event in events if not _is_given_up(event))
        yield from (f"{message_id}: {kind} was not published" for kind in sorted(changes - reported.keys()))
        yield from (f"{message_id}: {kind} was published, but never was" for kind in sorted(reported.keys() - changes))
        if given_up and not any(map(_is_given_up, events)):
            yield f"{message_id}: was not given up"
        copies = 2 if message_id in self._asked_again else 1
        for event in events:
            if event.copies != copies:
                yield f"{message_id}: {event.type} was published {event.copies} times instead of {copies}"
        if sorted(event.sequence for event in events) != list(range(1, len(events) + 1)):
            yield f"{message_id}: its events are not numbered 1, 2, 3"
        yield from _contradictions(message_id, list(events))

    def _outcome(self, message_id: str) -> str:
        events = self._events.get(message_id, {}).values()
        if any(event.type == "delivered" for event in events):
            return "delivered"
        failures = [event for event in events if event.type == "failed"]
        if not failures:
            return "pending"
        return "given up" if all(map(_is_given_up, failures)) else "failed"


def changes_of(truth: Truth) -> frozenset[str]:
    """Say which status changes follow from what the provider knew; a delivery outweighs a failure."""
    if truth.outcome == "delivered":
        return frozenset({"delivered"} if truth.seen_at is None else {"delivered", "seen"})
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
