"""Holds what a reader saw of voice calls against what the simulator handed out; knows nothing of how the relay works.

The rule: what was handed out, less what was cut off in flight and is older than the log, is published, each once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from relay.simulator.infobip_truth import HandedOut
from tests.checking import Findings, disordered, gaps, types_in

DELIVERED, PENDING = 5, (2, 3, 7)
FAILED = frozenset({6, 9, 15, 96, 97, 98, 99})
ANSWERED = frozenset({5000, 5001, 10000, 10002})
"""The codes of the simulator's own endings."""

Events = Iterable[Mapping[str, Any]]


def check_calls(handed_out: Iterable[HandedOut], events: Events, *, now: float) -> Findings:
    """Compare; everything unread must have been read, and the events be all of the account, as they were read."""
    said = list(handed_out)
    recoverable = types_of(report for report in said if not (report.cut and report.in_log_until < now))
    known, facts = types_of(said), _facts(said)
    of: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        of[event["message_id"]].append(event)
    return Findings(
        lost=tuple(
            f"{key}: {kind}" for key, kinds in recoverable.items() for kind in sorted(kinds - types_in(of[key]))
        ),
        duplicated=tuple(_duplicates(of)),
        gaps=gaps(of),
        disordered=disordered(of),
        contradictory=tuple(
            f"{key}: {event['type']}{' inferred' * event['inferred']}"
            for key in of
            for event in of[key]
            if event["inferred"] or event["type"] not in known.get(key, set()) or _fact(event) not in facts
        ),
    )


def types_of(reports: Iterable[HandedOut]) -> dict[str, set[str]]:
    """Return by message the types of the events that reports, in their order, must lead to in the end."""
    types: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        types[report.message_id] |= _due(report, types[report.message_id])
    return dict(types)


def _due(report: HandedOut, before: set[str]) -> set[str]:
    if report.status_id == DELIVERED:
        return {"delivered", "answered"} if report.error_id in ANSWERED else {"delivered"}
    if report.status_id in PENDING:
        return set()
    assert report.status_id in FAILED, report.status_id
    return set() if "delivered" in before else {"failed"}


def _facts(reports: Iterable[HandedOut]) -> set[tuple[str, int, int, int]]:
    return {(report.message_id, report.status_id, report.error_id, round(report.done_at * 1000)) for report in reports}


def _fact(event: Mapping[str, Any]) -> tuple[str, int, int, int]:
    """Return what an event says that the provider said, and when it happened in milliseconds."""
    words = event["provider_status"] or {"status": {"id": 0}, "error": {"id": 0}}
    happened_at = datetime.fromisoformat(event["occurred_at"]).timestamp()
    return event["message_id"], words["status"]["id"], words["error"]["id"], round(happened_at * 1000)


def _duplicates(of: Mapping[str, list[Mapping[str, Any]]]) -> Iterable[str]:
    """Name the types that came twice, under one id or two."""
    for key, events in of.items():
        counts = Counter((event["type"], event["inferred"]) for event in events)
        yield from (f"{key}: {kind} {count} times" for (kind, _), count in sorted(counts.items()) if count > 1)
