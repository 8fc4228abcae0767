"""Reports that are handed out together: of messages that are asked about, and of those that nobody asked about."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from relay.core.decide import decide, seen_of
from relay.core.items import Answered, Collected, Fulfilled, Requested, Seen
from relay.core.model import EventType, MessageState, Outcome, Report
from tests.builders import LIFE_SECONDS, a_pending_report, a_state, after
from tests.collected import a_voice_report, a_voice_request, voice_rules
from tests.strategies import reports

RULES = voice_rules()


def collected(state: MessageState | None, *told: Report, second: float = 10.0) -> tuple[MessageState | None, list[str]]:
    """Return the state after the reports, and the types of the events."""
    types: list[str] = []
    for report in told:
        verdict = decide(state, Collected(report=report), after(second), RULES)
        state = verdict.state
        types += [event.type.value for event in verdict.events]
    return state, types


def test_a_report_that_nobody_asked_for_is_published() -> None:
    """Its events name no request; that it was published is remembered."""
    verdict = decide(None, Collected(report=a_voice_report(bulk_id="b-1")), after(10), RULES)
    (event,) = verdict.events
    assert (event.type, event.message_id, event.bulk_id, event.request_id) == (EventType.DELIVERED, "m-1", "b-1", None)
    assert verdict.state is not None
    assert (verdict.state.published, verdict.state.follow, verdict.state.once) == ((event,), False, False)
    assert collected(verdict.state, a_voice_report()) == (verdict.state, [])


def test_nothing_is_kept_of_a_call_that_nobody_asked_for_and_that_is_not_over() -> None:
    """Nor does it expire: nobody waits for it."""
    pending = a_pending_report(channel="voice", message_id="m-1")
    assert collected(None, pending) == (None, [])


def test_a_request_for_what_was_published_unasked_takes_it_over() -> None:
    """It is newer, whenever it was made; its sequence goes on."""
    state, _ = collected(None, a_voice_report(outcome=Outcome.FAILED))
    asked = decide(state, Requested(request=a_voice_request(received_at=after(-3600))), after(20), RULES).state
    assert asked is not None
    assert (asked.request_id, asked.expires_at) == ("req-1", after(LIFE_SECONDS))
    verdict = decide(asked, Collected(report=a_voice_report()), after(30), RULES)
    assert [(event.sequence, event.request_id) for event in verdict.events] == [(2, "req-1")]


def test_a_report_answers_whoever_waits_for_one() -> None:
    """Also one that says nothing yet: the message was looked for, and this is how it stands."""
    state = a_state(once=True, follow=False)
    assert collected(state, a_pending_report(message_id="m-1"))[0] is None
    followed, _ = collected(replace(state, follow=True), a_pending_report(message_id="m-1"))
    assert followed is not None
    assert not followed.once


def test_a_drain_that_brought_nothing_ends_the_waiting_and_no_life() -> None:
    """Whoever follows the message follows it on, even at its end: only what asks about it by its id may end it."""
    state = a_state(once=True)
    for second in (10, LIFE_SECONDS + 10):
        verdict = decide(state, Fulfilled(), after(second), RULES, seen=Seen.FOUND)
        assert (verdict.events, verdict.state) == ((), replace(state, once=False))
    assert decide(replace(state, follow=False), Fulfilled(), after(10), RULES).state is None
    assert decide(None, Fulfilled(), after(10), RULES).state is None


def test_what_a_collected_report_shows() -> None:
    """The provider knows the message; that a drain brought nothing of it shows nothing."""
    assert seen_of(Collected(report=a_voice_report())) is Seen.FOUND
    assert seen_of(Fulfilled()) is Seen.NOTHING


some_reports = st.lists(reports.map(lambda report: replace(report, message_id="m-1")), max_size=4)


@given(some_reports, st.booleans(), st.randoms(use_true_random=False))
def test_collected_or_asked_for_the_end_is_the_same(
    told: list[Report],
    known: bool,  # noqa: FBT001 - drawn
    chance: random.Random,
) -> None:
    """In any order, from drains or from the log, often or once, known before or not: the same facts are published."""

    def end(items: list[Report], *, asks: bool) -> set[str]:
        state = a_state() if known else None
        types: set[str] = set()
        for report in items:
            item = Answered(report=report) if asks and state is not None else Collected(report=report)
            verdict = decide(state, item, after(10), RULES)
            state = verdict.state
            types |= {event.type.value for event in verdict.events}
        engaged = types - {"failed"}
        return engaged | ({"failed"} & types if "delivered" not in types else set())

    shuffled = told + [report for report in told if chance.random() < 0.5]
    chance.shuffle(shuffled)
    assert end(shuffled, asks=chance.random() < 0.5) == end(told, asks=False)
