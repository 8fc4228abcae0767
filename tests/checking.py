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
    contradictory: tuple[str, ...] = ()


NOTHING = Findings()


def check(truths: Mapping[str, Truth], events: Iterable[Mapping[str, Any]]) -> Findings:
    """Compare; the truths must be settled and the events be all that was published of these messages."""
    of: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        of[event["message_id"]].append(event)
    counts = Counter(event["event_id"] for found in of.values() for event in found)
    return Findings(
        lost=tuple(f"{key}: {kind}" for key, truth in truths.items() for kind in sorted(due(truth) - _types(of[key]))),
        duplicated=tuple(
            f"{key}: {event_id} {counts[event_id]} times"
            for key, found in of.items()
            for event_id in sorted({event["event_id"] for event in found})
            if counts[event_id] > 1
        ),
        gaps=tuple(
            f"{key}: {numbers}" for key in of if (numbers := _sequence(of[key])) != [*range(1, len(numbers) + 1)]
        ),
        contradictory=tuple(f"{key}: {kind}" for key in of for kind in sorted(_types(of[key]) - due(truths.get(key)))),
    )


def due(truth: Truth | None) -> set[str]:
    """Return the types of the events that a message must have in the end."""
    if truth is None:
        return set()
    kinds = set() if truth.outcome == "pending" else {str(truth.outcome)}
    return kinds | ({"seen"} if truth.seen_at is not None else set())


def _types(events: Iterable[Mapping[str, Any]]) -> set[str]:
    return {event["type"] for event in events}


def _sequence(events: Iterable[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of the different events; two events with one number stay two."""
    return sorted(number for _, number in {(event["event_id"], event["sequence"]) for event in events})
