"""The next step of a message: ask, watch for seen, forget."""

import pytest

from relay.core.decide import absorb
from relay.core.model import MessageState, Report
from relay.core.rules import RETENTION_SECONDS
from relay.core.schedule import Step, next_step, wants_lookup
from tests.builders import LIFE_SECONDS, a_failed_report, a_report, a_seen_report, a_state, after, rules


def told(report: Report, **changes: object) -> MessageState:
    """Return the state after one report, a second after noon."""
    state = absorb(a_state(**changes), report, after(1), rules()).state
    assert state is not None
    return state


def test_a_pending_message_is_asked_at_its_instants_and_at_its_end() -> None:
    """The schedule's instants come first, `expires_at` last, and an expired message is due at once."""
    state = a_state(expires_at=after(7))
    assert next_step(state, rules(), after(0)) == Step(at=after(5), lookup=True)
    assert next_step(state, rules(), after(6)) == Step(at=after(7), lookup=True)
    assert next_step(state, rules(), after(99)) == Step(at=after(99), lookup=True)


@pytest.mark.parametrize(
    ("report", "follow"),
    [(a_report(), True), (a_failed_report(), True), (a_seen_report(), True), (a_report(channel="viber"), False)],
)
def test_a_settled_message_that_can_bring_no_news_waits_to_be_forgotten(report: Report, *, follow: bool) -> None:
    """It is kept for the retention, counted from the outcome, and not asked about."""
    state = told(report, follow=follow)
    assert next_step(state, rules(), after(10)) == Step(at=after(1 + RETENTION_SECONDS), lookup=False)
    assert not wants_lookup(state, rules(), after(10))


def test_a_delivered_viber_message_is_watched_for_seen() -> None:
    """It is asked about slowly for `seen_watch_seconds`, then waits to be forgotten."""
    state = told(a_report(channel="viber"))
    assert next_step(state, rules(), after(10)) == Step(at=after(61), lookup=True)
    assert wants_lookup(state, rules(), after(86_000))
    assert not wants_lookup(state, rules(), after(86_402))
    assert next_step(state, rules(), after(86_402)) == Step(at=after(1 + RETENTION_SECONDS), lookup=False)


def test_a_message_given_up_unasked_is_kept_from_its_last_request() -> None:
    """Without an outcome the retention counts from `expires_at` or the request, whichever is later."""
    state = a_state(follow=False)
    assert next_step(state, rules(), after(0)).at == after(LIFE_SECONDS + RETENTION_SECONDS)
    late = a_state(follow=False, requested_at=after(LIFE_SECONDS + 9))
    assert next_step(late, rules(), after(0)).at == after(LIFE_SECONDS + 9 + RETENTION_SECONDS)
