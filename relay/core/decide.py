"""The heart: a message's state and one item give its new state and the events to publish. Pure, and total.

The rules are contract.md's "rules of change": outcomes only rise, each event once, nothing when nothing changed.
"""

from datetime import UTC, datetime
from typing import assert_never

from relay.core.events import build_event, expiry_event
from relay.core.items import Answered, Collected, Forgotten, Fulfilled, Item, Requested, Seen, Unanswered
from relay.core.merging import awaits_outcome, merged, with_ids_of, with_published
from relay.core.model import Event, EventType, MessageState, Outcome, Report, Request, RequestKind
from relay.core.questions import asks_now
from relay.core.rules import Rules
from relay.core.schedule import forgettable
from relay.core.standing import Standing, outcome_event, standing, was_published
from relay.core.values import replace, value_object

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_DELIVERED, _FAILED = Outcome.DELIVERED, Outcome.FAILED
_OUTDOES_FAILURES = Standing.DELIVERED_INFERRED  # from here on no failure is believed
REPUBLISHED_REMEMBERED = 16  # request ids of `republish` kept per message, so that a repeated record republishes once


@value_object(frozen=True, kw_only=True)
class Verdict:
    """What follows from one item. `state` None: nothing is worth keeping. `lookup`: ask now."""

    state: MessageState | None
    events: tuple[Event, ...] = ()
    forward: Requested | None = None
    lookup: bool = False
    contradicted: bool = False


def decide(
    state: MessageState | None,
    item: Item,
    now: datetime,
    rules: Rules,
    *,
    seen: Seen = Seen.NOTHING,
) -> Verdict:
    """Return the verdict on one item of a message; `seen` is what its owner saw before."""
    if isinstance(item, Requested):
        return _requested(state, item, now, rules)
    seen = max(seen, seen_of(item))
    if isinstance(item, Collected):
        state = with_ids_of(state or _unasked(item.report, now), item.asked)
        item = Answered(report=item.report)
    if state is None or (state.became and not isinstance(item, Forgotten)):
        return Verdict(state=state)  # too late: the message is forgotten, or it lives in another slot
    match item:
        case Answered():
            return _answered(state, item, now, rules, seen)
        case Unanswered():
            return _unanswered(state, item, now, rules, seen)
        case Fulfilled():  # says nothing of whether the message is known, so nothing may expire by it
            return Verdict(state=_kept(replace(state, once=False)))
        case Forgotten():
            return Verdict(state=None if forgettable(state, rules, now) else state)
        case _:
            assert_never(item)


def seen_of(item: Item) -> Seen:
    """Return what an item shows of the message's lookups."""
    match item:
        case Answered():
            return Seen.FOUND if item.found else Seen.MISSING
        case Collected():
            return Seen.FOUND
        case Unanswered() if item.asked and not item.held:  # one that is refused hasn't been asked
            return Seen.ASKED
        case _:
            return Seen.NOTHING


def keep(state: MessageState | None, item: Item) -> Verdict:
    """Return the verdict for an account that left the configuration: what is asked for is kept until it comes back."""
    if isinstance(item, Requested) and not (state is not None and state.became):
        return Verdict(state=with_published(merged(state, item.request), item.published))
    return Verdict(state=state)


def _requested(state: MessageState | None, item: Requested, now: datetime, rules: Rules) -> Verdict:
    request = item.request
    if state is not None and state.became:
        known = replace(request, message_id=state.became, extra_id=state.extra_id)
        return Verdict(state=state, forward=replace(item, request=known))
    after = with_published(merged(state, request), item.published)
    again: tuple[Event, ...] = ()
    if request.republish and request.request_id not in after.republished:
        again = tuple(event for event in after.published if event not in item.published)
    if request.republish and request.request_id is not None and request.request_id not in after.republished:
        after = replace(after, republished=(*after.republished, request.request_id)[-REPUBLISHED_REMEMBERED:])
    if item.report is not None:
        return _ahead(again, _answered(after, Answered(report=item.report), now, rules, Seen.FOUND))
    return Verdict(state=after, events=again, lookup=asks_now(state, request, now, rules))


def _unasked(report: Report, now: datetime) -> MessageState:
    """Return the state of a message that nobody asked about (yet): any request is newer."""
    return MessageState(
        anchor_at=report.occurred_at or now, expires_at=now, requested_at=NEVER, message_id=report.message_id
    )


def _ahead(events: tuple[Event, ...], verdict: Verdict) -> Verdict:
    return replace(verdict, events=events + verdict.events) if events else verdict


def _answered(state: MessageState, item: Answered, now: datetime, rules: Rules, seen: Seen) -> Verdict:
    if item.report is not None and item.report.message_id and not state.message_id:
        return _became(state, item.report, now, rules)
    verdict = Verdict(state=state) if item.report is None else absorb(state, item.report, now, rules)
    if verdict.state is state and state.once:
        verdict = replace(verdict, state=replace(state, once=False))
    return _concluded(verdict, now, rules, seen)


def _became(state: MessageState, report: Report, now: datetime, rules: Rules) -> Verdict:
    """Send all that is known of an extra_id to the slot of the message that it turned out to be."""
    request = Request(
        kind=RequestKind.SENT if state.request_id is None else RequestKind.FETCH,
        account=rules.account,
        received_at=state.requested_at,
        anchor_at=state.anchor_at,
        expires_at=state.expires_at,
        message_id=report.message_id,
        extra_id=state.extra_id,
        bulk_id=state.bulk_id,
        recipient=state.recipient,
        channels=state.channels,
        detail=state.detail,
        follow=state.follow,
        republish=bool(state.republished),
        request_id=state.request_id,
        correlation_id=state.correlation_id,
        trace=state.trace,
    )
    alias = MessageState(
        anchor_at=state.anchor_at,
        expires_at=now,
        requested_at=state.requested_at,
        extra_id=state.extra_id,
        became=report.message_id,
    )
    return Verdict(state=alias, forward=Requested(request=request, report=report, published=state.published))


def _unanswered(state: MessageState, item: Unanswered, now: datetime, rules: Rules, seen: Seen) -> Verdict:
    if item.held or seen < Seen.ASKED:
        return Verdict(state=state)
    if now >= state.expires_at and state.once:
        state = replace(state, once=False)
    return _concluded(Verdict(state=state), now, rules, seen)


def _concluded(verdict: Verdict, now: datetime, rules: Rules, seen: Seen) -> Verdict:
    """Apply `expires_at`, and keep nothing of a message that nobody follows and of which nothing was published."""
    state = verdict.state
    assert state is not None
    if now >= state.expires_at and awaits_outcome(state):
        expired = replace(state, follow=False)
        if standing(state) is not Standing.PENDING:
            return replace(verdict, state=expired)
        event = expiry_event(state, rules, found=seen is not Seen.MISSING, at=now)
        return Verdict(state=replace(expired, published=(*state.published, event)), events=(*verdict.events, event))
    kept = _kept(state)
    return verdict if kept is state else replace(verdict, state=kept)


def _kept(state: MessageState) -> MessageState | None:
    """Return the state if it is worth keeping: followed, waited for, or published."""
    return state if state.follow or state.once or state.published else None


def absorb(state: MessageState, report: Report, now: datetime, rules: Rules) -> Verdict:
    """Return what one report changes; its outcome counts only where it is higher than what was published."""
    before = standing(state)
    outcome = _outcome(state, report)
    if outcome is _FAILED and before >= _OUTDOES_FAILURES:
        return Verdict(state=state, contradicted=True)
    events: list[Event] = []

    def publish(kind: EventType, *, inferred: bool = False, supersedes: Event | None = None) -> None:
        events.append(
            build_event(
                state,
                report,
                rules,
                kind=kind,
                at=now,
                after=len(events),
                inferred=inferred,
                supersedes=supersedes.event_id if supersedes else None,
            )
        )

    if outcome is _DELIVERED and before < _OUTDOES_FAILURES:
        publish(EventType.DELIVERED, inferred=report.implied, supersedes=outcome_event(state))
    if outcome is _FAILED and before < Standing.FAILED:
        publish(EventType.FAILED, supersedes=outcome_event(state))
    if report.engagements and outcome is _DELIVERED:
        for engagement in sorted(report.engagements):
            if not was_published(state, engagement):
                publish(EventType(engagement))
    if not events:
        return Verdict(state=state)
    changed = replace(state, published=(*state.published, *events), once=False)  # who waited for an answer has it
    return Verdict(state=changed, events=tuple(events))


def _outcome(state: MessageState, report: Report) -> Outcome:
    """Return the outcome; a channel that failed while a later one may deliver is only an attempt."""
    if report.outcome is not _FAILED or not report.one_channel:
        return report.outcome
    later = state.channels[state.channels.index(report.channel) + 1 :] if report.channel in state.channels else ()
    return Outcome.PENDING if later else _FAILED
