"""Holds what a read_committed reader saw against what the provider knew; knows nothing of how the relay works."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from relay.simulator.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong, each as `message id: detail`."""

    lost: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    disordered: tuple[str, ...] = ()
    contradictory: tuple[str, ...] = ()


NOTHING = Findings()


def check(truths: Mapping[str, Truth], events: Iterable[Mapping[str, Any]]) -> Findings:
    """Compare; the truths must be settled, the events all that was published of these messages, in a reader's order."""
    of: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        of[event["message_id"]].append(event)
    counts = Counter(event["event_id"] for found in of.values() for event in found)
    return Findings(
        lost=tuple(
            f"{key}: {kind}" for key, truth in truths.items() for kind in sorted(due(truth) - types_in(of[key]))
        ),
        duplicated=tuple(
            f"{key}: {event_id} {counts[event_id]} times"
            for key, found in of.items()
            for event_id in sorted({event["event_id"] for event in found})
            if counts[event_id] > 1
        ),
        gaps=gaps(of),
        disordered=disordered(of),
        contradictory=tuple(
            f"{key}: {kind}" for key in of for kind in sorted(types_in(of[key]) - due(truths.get(key)))
        ),
    )


def due(truth: Truth | None) -> set[str]:
    """Return the types of the events that a message must have in the end."""
    if truth is None:
        return set()
    kinds = set() if truth.outcome == "pending" else {str(truth.outcome)}
    return kinds | ({"seen"} if truth.seen_at is not None else set())


def gaps(of: Mapping[str, Iterable[Mapping[str, Any]]]) -> tuple[str, ...]:
    """Name the messages whose different events are not numbered 1, 2, 3 …; two events with one number stay two."""
    return tuple(f"{key}: {numbers}" for key in of if (numbers := _sequence(of[key])) != [*range(1, len(numbers) + 1)])


def disordered(of: Mapping[str, Iterable[Mapping[str, Any]]]) -> tuple[str, ...]:
    """Name what is out of `sequence`."""
    return tuple(f"{key}: {what}" for key in of for what in _disorder(of[key]))


def types_in(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the types of events."""
    return {event["type"] for event in events}


def _disorder(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Tell what of one message is out of `sequence`: within a topic as it was read, and an engagement's delivery.

    A topic has one type, and one partition for a message, which is read in order; what comes twice counts once.
    """
    numbers: dict[str, dict[str, int]] = defaultdict(dict)
    for event in events:
        numbers[event["type"]].setdefault(event["event_id"], event["sequence"])
    read = {kind: [*of.values()] for kind, of in numbers.items()}
    found = [f"{kind} {of}" for kind, of in read.items() if of != sorted(of)]
    if "delivered" in read:
        early = (kind for kind in ("seen", "answered") if kind in read and min(read[kind]) < min(read["delivered"]))
        found += [f"{kind} before delivered" for kind in early]
    return found


def _sequence(events: Iterable[Mapping[str, Any]]) -> list[int]:
    return sorted(number for _, number in {(event["event_id"], event["sequence"]) for event in events})
