"""The rules of change of contract.md, one table or scenario for each."""

from dataclasses import replace

import pytest

from relay.core.decide import decide
from relay.core.items import Answered, Forgotten, Item, Requested, Seen, Unanswered
from relay.core.model import Category, Engagement, Event, EventType, MessageState, Report
from relay.core.rules import RETENTION_SECONDS
from relay.core.standing import Standing, standing
from tests.builders import (
    LIFE_SECONDS,
    a_failed_report,
    a_pending_report,
    a_report,
    a_seen_report,
    a_sent,
    a_state,
    after,
    rules,
)

DELIVERED, FAILED, SEEN, ANSWERED = EventType.DELIVERED, EventType.FAILED, EventType.SEEN, EventType.ANSWERED


def told(*reports: Report, state: MessageState | None = None) -> tuple[MessageState, list[Event]]:
    """Return the state after these reports, and all events."""
    events: list[Event] = []
    state = state or a_state()
    for second, report in enumerate(reports, 1):
        verdict = decide(state, Answered(report=report), after(second), rules())
        assert verdict.state is not None
        state = verdict.state
        events.extend(verdict.events)
    return state, events


def shapes(events: list[Event]) -> list[tuple[EventType, bool]]:
    """Return what kind of event each is, and whether it is inferred."""
    return [(event.type, event.inferred) for event in events]


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([a_report()], [(DELIVERED, False)]),
        ([a_report(), a_report()], [(DELIVERED, False)]),
        ([a_pending_report()], []),
        ([a_pending_report(), a_report()], [(DELIVERED, False)]),
        ([a_failed_report(), a_failed_report()], [(FAILED, False)]),
        ([a_failed_report(), a_pending_report()], [(FAILED, False)]),
        ([a_report(), a_pending_report()], [(DELIVERED, False)]),
        ([a_seen_report()], [(DELIVERED, True), (SEEN, False)]),
        ([a_seen_report(), a_report()], [(DELIVERED, True), (SEEN, False)]),
        ([a_report(), a_seen_report()], [(DELIVERED, False), (SEEN, False)]),
        ([a_report(engagements=frozenset({Engagement.ANSWERED}))], [(DELIVERED, False), (ANSWERED, False)]),
        ([a_failed_report(), a_report()], [(FAILED, False), (DELIVERED, False)]),
        ([a_failed_report(), a_seen_report()], [(FAILED, False), (DELIVERED, True), (SEEN, False)]),
    ],
)
def test_outcomes_only_rise_and_each_event_comes_once(
    reports: list[Report], expected: list[tuple[EventType, bool]]
) -> None:
    """Rules 1 to 3: what is published after these reports, in this order."""
    assert shapes(told(*reports)[1]) == expected


def test_a_correction_supersedes_the_failure() -> None:
    """A provider that corrects failed to delivered is published, naming the event it replaces."""
    state, (failed, delivered) = told(a_failed_report(), a_report())
    assert delivered.supersedes == failed.event_id
    assert (delivered.sequence, delivered.final, delivered.reason) == (2, True, None)
    assert standing(state) is Standing.DELIVERED


@pytest.mark.parametrize("first", [a_report(), a_seen_report()])
def test_a_failure_after_delivery_is_contradicted(first: Report) -> None:
    """One that says failed after delivered changes nothing but the count."""
    state, _ = told(first)
    verdict = decide(state, Answered(report=a_failed_report()), after(9), rules())
    assert (verdict.contradicted, verdict.events, verdict.state) == (True, (), state)


@pytest.mark.parametrize(
    ("channels", "failed_channel", "expected"),
    [
        (("viber", "sms"), "viber", []),
        (("viber", "sms"), "sms", [(FAILED, False)]),
        (("viber", "sms"), "unknown", [(FAILED, False)]),
        ((), "viber", [(FAILED, False)]),
        (("viber",), "viber", [(FAILED, False)]),
    ],
)
def test_a_failed_channel_before_another_is_only_an_attempt(
    channels: tuple[str, ...], failed_channel: str, expected: list[tuple[EventType, bool]]
) -> None:
    """Rule 4, where the report tells of one channel and MessageSent told the plan."""
    report = a_failed_report(channel=failed_channel, one_channel=True)
    assert shapes(told(report, state=a_state(channels=channels))[1]) == expected


def at_the_end(item: Item, *, seen: Seen = Seen.NOTHING, **state: object) -> list[Event]:
    """Return the events of an item that comes a second after `expires_at`."""
    return list(decide(a_state(**state), item, after(LIFE_SECONDS + 1), rules(), seen=seen).events)


@pytest.mark.parametrize(
    ("item", "seen", "category"),
    [
        (Answered(report=a_pending_report()), Seen.NOTHING, Category.NO_REPORT),
        (Answered(report=None), Seen.NOTHING, Category.NO_REPORT),
        (Answered(report=None, found=False), Seen.NOTHING, Category.NOT_FOUND),
        (Answered(report=None, found=False), Seen.FOUND, Category.NO_REPORT),
        (Unanswered(asked=True), Seen.NOTHING, Category.NO_REPORT),
        (Unanswered(asked=True), Seen.MISSING, Category.NOT_FOUND),
        (Unanswered(asked=False), Seen.FOUND, Category.NO_REPORT),
    ],
)
def test_silence_until_expires_at_is_an_inferred_failure(item: Item, seen: Seen, category: Category) -> None:
    """Rule 5: inferred, not final, and `not_found` only where the provider never knew the message."""
    (event,) = at_the_end(item, seen=seen)
    assert (event.type, event.inferred, event.final, event.occurred_at) == (FAILED, True, False, after(LIFE_SECONDS))
    assert event.reason is not None
    assert event.reason.category == category


@pytest.mark.parametrize(
    ("item", "seen"),
    [
        (Unanswered(asked=False), Seen.NOTHING),
        (Unanswered(asked=True, held=True), Seen.ASKED),
        (Unanswered(asked=False, held=True), Seen.FOUND),
    ],
)
def test_nothing_expires_that_was_not_asked_or_is_held(item: Item, seen: Seen) -> None:
    """A message is declared expired neither unasked nor while its account is refused."""
    assert at_the_end(item, seen=seen) == []


def test_an_outcome_at_the_last_moment_counts() -> None:
    """A report that comes after `expires_at` but before the inference is the outcome."""
    assert shapes(at_the_end(Answered(report=a_report()))) == [(DELIVERED, False)]


@pytest.mark.parametrize("late", [a_failed_report(), a_report(), a_seen_report()])
def test_a_late_word_supersedes_the_inferred_failure(late: Report) -> None:
    """Rule 5: a later word of the provider replaces the relay's conclusion."""
    (inferred,) = at_the_end(Unanswered(asked=True))
    state = a_state(published=(inferred,), follow=False, once=True)
    events = decide(state, Answered(report=late), after(LIFE_SECONDS + 9), rules()).events
    assert events[0].supersedes == inferred.event_id
    assert events[0].sequence == 2


def test_the_inferred_failure_comes_once() -> None:
    """Another request after the end may end in silence, too, without a second event."""
    (inferred,) = at_the_end(Unanswered(asked=True))
    assert at_the_end(Unanswered(asked=True), published=(inferred,)) == []


@pytest.mark.parametrize(
    "item", [Unanswered(asked=True), Answered(report=None, found=False), Answered(report=a_pending_report())]
)
def test_asked_once_never_gives_an_inferred_failure(item: Item) -> None:
    """`follow: false` ends without an event, and nothing is kept of it."""
    verdict = decide(a_state(follow=False, once=True), item, after(LIFE_SECONDS + 1), rules(), seen=Seen.ASKED)
    assert (verdict.events, verdict.state) == ((), None)


def test_asked_once_is_tried_again_after_a_transport_error() -> None:
    """`follow: false` lives on until its first conclusive answer."""
    state = a_state(follow=False, once=True)
    assert decide(state, Unanswered(asked=True), after(1), rules()).state == state


def test_a_message_is_forgotten_after_its_retention_only() -> None:
    """A timer that fires late for its purpose must not end the memory of what was published."""
    state, _ = told(a_report())
    assert decide(state, Forgotten(), after(RETENTION_SECONDS - 60), rules()).state == state
    assert decide(state, Forgotten(), after(RETENTION_SECONDS + 60), rules()).state is None


def test_a_request_in_the_same_turn_outlives_forgetting() -> None:
    """A message that is followed again at the end of its retention is not forgotten."""
    state = a_state(follow=True, expires_at=after(2 * RETENTION_SECONDS))
    assert decide(state, Forgotten(), after(RETENTION_SECONDS + 60), rules()).state == state


@pytest.mark.parametrize("item", [Answered(report=a_report()), Unanswered(asked=True), Forgotten()])
def test_an_answer_to_a_forgotten_message_is_nothing(item: Item) -> None:
    """Without a state nothing is published and nothing is kept."""
    verdict = decide(None, item, after(1), rules())
    assert (verdict.state, verdict.events, verdict.forward) == (None, (), None)


def test_a_sent_message_is_asked_at_once_only_when_its_first_instant_has_passed() -> None:
    """A fresh message waits for its first interval; an old one does not."""
    fresh, old = a_sent(), a_sent(anchor_at=after(-60))
    lookups = [decide(None, Requested(request=request), after(1), rules()).lookup for request in (fresh, old)]
    assert lookups == [False, True]


def test_events_are_named_for_the_newest_request() -> None:
    """Events carry the request and correlation ids that the state holds."""
    state = replace(a_state(), request_id="req-9", correlation_id="c-9")
    _, (event,) = told(a_report(), state=state)
    assert (event.request_id, event.correlation_id) == ("req-9", "c-9")
