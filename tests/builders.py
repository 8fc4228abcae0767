"""Builders of the core's values: each has one plausible value, and keywords override its fields."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from relay.core.items import Answered, Requested
from relay.core.masking import Recipients
from relay.core.model import Engagement, Lookup, MessageState, Outcome, Reason, Report, Request, RequestKind
from relay.core.policy import GrowingIntervals, Schedule
from relay.core.rules import Rules

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIFE_SECONDS = 172_800.0


def after(seconds: float) -> datetime:
    """Return the instant so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def a_request(**changes: Any) -> Request:
    """Return a FetchRequest by message id, accepted at noon."""
    request = Request(
        kind=RequestKind.FETCH,
        account="hyber_main",
        received_at=NOON,
        anchor_at=NOON,
        expires_at=after(LIFE_SECONDS),
        message_id="m-1",
        request_id="req-1",
    )
    return replace(request, **changes)


def a_sent(**changes: Any) -> Request:
    """Return a MessageSent, accepted as it was sent, at noon."""
    return a_request(**{"kind": RequestKind.SENT, "request_id": None, **changes})


def requested(**changes: Any) -> Requested:
    """Return a FetchRequest that reached its slot."""
    return Requested(request=a_request(**changes))


def a_state(**changes: Any) -> MessageState:
    """Return the state of a followed message that was requested at noon."""
    state = MessageState(
        anchor_at=NOON,
        expires_at=after(LIFE_SECONDS),
        requested_at=NOON,
        message_id="m-1",
        follow=True,
        request_id="req-1",
    )
    return replace(state, **changes)


def a_report(**changes: Any) -> Report:
    """Return a report of a text message, delivered a second after noon."""
    return replace(Report(outcome=Outcome.DELIVERED, channel="sms", occurred_at=after(1)), **changes)


def a_seen_report(**changes: Any) -> Report:
    """Return a report that says only that the message was seen."""
    seen = frozenset({Engagement.SEEN})
    return a_report(**{"channel": "viber", "engagements": seen, "implied": True, **changes})


def a_failed_report(**changes: Any) -> Report:
    """Return a report of a failed message."""
    return a_report(**{"outcome": Outcome.FAILED, "reason": Reason(category="expired", code="35015"), **changes})


def a_pending_report(**changes: Any) -> Report:
    """Return a report without an outcome."""
    return a_report(**{"outcome": Outcome.PENDING, **changes})


def answered(**changes: Any) -> Answered:
    """Return the answer that holds a report."""
    return Answered(report=a_report(**changes))


def rules(**changes: Any) -> Rules:
    """Return the rules of a Hyber account with its default schedule."""
    schedule = Schedule(
        pending=GrowingIntervals(initial_seconds=5, factor=1.6, max_seconds=900),
        watch=GrowingIntervals(initial_seconds=60, factor=1.6, max_seconds=3600),
        seen_watch_seconds=86_400,
    )
    plain = Rules(
        account="hyber_main",
        provider="hyber",
        schedule=schedule,
        seen_channels=frozenset({"viber", "whatsapp"}),
        recipients=Recipients.MASKED,
    )
    return replace(plain, **changes)


def a_lookup(**changes: Any) -> Lookup:
    """Return the question about a message by its id."""
    lookup = Lookup(account="hyber_main", message_id="m-1", extra_id=None, detail="advanced", anchor_at=NOON)
    return replace(lookup, **changes)
