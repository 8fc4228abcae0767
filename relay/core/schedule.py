"""What is to happen to a message next, and when: a lookup, or forgetting it."""

from datetime import datetime, timedelta
from enum import IntEnum

from relay.core.merging import awaits_outcome
from relay.core.model import Engagement, Event, MessageState
from relay.core.rules import Rules
from relay.core.standing import Standing, outcome_event, standing_of, was_published
from relay.core.values import value_object


class Urgency(IntEnum):
    """Which lookups go first: of new requests, of messages whose outcome is open, of those watched for `seen`."""

    NEW = 0
    PENDING = 1
    WATCHED = 2


@value_object(frozen=True, kw_only=True)
class Step:
    """The next thing to do for a message: ask (`lookup`), else forget it."""

    at: datetime
    lookup: bool


def next_step(state: MessageState, rules: Rules, now: datetime) -> Step:
    """Return the next step of the message, as of `now`; after `expires_at` an open message is due at once."""
    name = state.message_id or state.extra_id or ""
    if awaits_outcome(state) or state.once:
        planned = rules.schedule.pending.next_at(state.anchor_at, now, name)
        return Step(at=max(now, min(planned, state.expires_at)), lookup=True)
    held = outcome_event(state)
    settled_at = held.observed_at if held else max(state.expires_at, state.requested_at)
    if (until := _watched_until(state, held, rules)) is not None and now < until:
        planned = rules.schedule.watch.next_at(settled_at, now, name)
        if planned < until:
            return Step(at=planned, lookup=True)
    return Step(at=settled_at + timedelta(seconds=rules.retention_seconds), lookup=False)


def wants_lookup(state: MessageState, rules: Rules, now: datetime) -> bool:
    """Tell whether a message whose timer fired is still to be asked about."""
    if awaits_outcome(state) or state.once:
        return True
    until = _watched_until(state, outcome_event(state), rules)
    return until is not None and now < until


def forgettable(state: MessageState, rules: Rules, now: datetime) -> bool:
    """Tell whether the time to remember the message is over; a lookup that came too late for its watch is no reason."""
    step = next_step(state, rules, now)
    return not step.lookup and step.at <= now


def _watched_until(state: MessageState, held: Event | None, rules: Rules) -> datetime | None:
    if held is None or not state.follow or standing_of(held) < Standing.DELIVERED_INFERRED:
        return None
    if held.channel not in rules.seen_channels or was_published(state, Engagement.SEEN):
        return None
    return held.observed_at + timedelta(seconds=rules.schedule.seen_watch_seconds)
