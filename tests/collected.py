"""Builders of what a slot knows of accounts whose reports are handed out only once; keywords override."""

from dataclasses import replace
from typing import Any

from relay.core.collecting import Drained, Filter, Gap, Intent, Read
from relay.core.model import Outcome, Report, Request
from relay.core.policy import GrowingIntervals, Schedule
from relay.core.rules import Collecting, Rules
from tests.builders import NOON, a_report, a_request, after, rules

ACCOUNT = "voice_eu"


def an_intent(drain_id: str = "d-1", wanted: Filter = (None, None), **changes: Any) -> Intent:
    """Return the intent of a drain, decided at noon."""
    bulk_id, message_id = wanted
    intent = Intent(drain_id=drain_id, intended_at=NOON, limit=500, bulk_id=bulk_id, message_id=message_id)
    return replace(intent, **changes)


def a_gap(wanted: Filter = (None, None), **changes: Any) -> Gap:
    """Return the gap of one drain, which was found ten seconds after noon."""
    bulk_id, message_id = wanted
    gap = Gap(
        first_at=NOON,
        last_at=after(10),
        drains=("d-1",),
        count=1,
        why="timed_out",
        bulk_id=bulk_id,
        message_id=message_id,
    )
    return replace(gap, **changes)


def a_read(drain_id: str = "d-1", lost: str | None = None, **changes: Any) -> Read:
    """Return the answer to a drain, a second after noon."""
    drained = Drained(drain_id=drain_id, answered_at=after(1), status=200)
    return Read(drained=replace(drained, **changes), lost=lost)


def collecting(**changes: Any) -> Collecting:
    """Return how the account's reports are collected."""
    return replace(Collecting(drain_seconds=10.0, limit=500, timeout_seconds=10.0), **changes)


def voice_rules(how: Collecting | None = None) -> Rules:
    """Return the rules of the account."""
    overdue = GrowingIntervals(initial_seconds=120, factor=2, max_seconds=21_600)
    schedule = Schedule(pending=overdue, watch=overdue, seen_watch_seconds=0)
    return rules(
        account=ACCOUNT,
        provider="infobip_voice",
        schedule=schedule,
        seen_channels=frozenset(),
        collecting=how or collecting(),
    )


def a_voice_request(**changes: Any) -> Request:
    """Return a FetchRequest for one call, accepted at noon."""
    return a_request(**{"account": ACCOUNT, **changes})


def an_unread_request(**changes: Any) -> Request:
    """Return a FetchRequest for whatever is unread, which is one drain to its end."""
    return a_voice_request(**{"message_id": None, "follow": False, **changes})


def a_voice_report(message_id: str = "m-1", **changes: Any) -> Report:
    """Return the report of a call that was taken, ended a second after noon."""
    plain = {"channel": "voice", "outcome": Outcome.DELIVERED, "message_id": message_id}
    return a_report(**{**plain, **changes})
