"""What a message is said to wait for."""

from typing import Any

import pytest

from relay.core.decide import decide
from relay.core.items import Answered, Unanswered
from relay.core.model import MessageState, Report
from relay.core.rules import Collecting
from relay.explain.outlook import outlook
from tests.builders import LIFE_SECONDS, a_failed_report, a_report, a_seen_report, a_state, after, rules


def state_after(report: Report, **changes: Any) -> MessageState:
    """Return the state after a report, a second after noon."""
    state = decide(a_state(**changes), Answered(report=report), after(1), rules()).state
    assert state is not None
    return state


def test_a_pending_message_waits_for_its_outcome() -> None:
    """The next lookup is that of the account's schedule."""
    told = outlook(a_state(), rules(), after(1))
    assert (told.waits_for, told.at, told.until) == ("outcome", after(5), after(LIFE_SECONDS))
    assert told.sentence == (
        "pending: next lookup at 2026-11-22T12:00:05.000Z (in 4 s); expires at 2026-11-24T12:00:00.000Z (in 48 h)"
    )


def test_a_late_message_says_where_to_look() -> None:
    """What the provider last said is in no topic; a report that is collected comes with a drain."""
    assert outlook(a_state(), rules(), after(59)).look is None
    asked = outlook(a_state(), rules(), after(60)).look or ""
    assert "`lookup.failed` in the log names it" in asked
    assert "`relay check` says why hyber_main is not answered" in asked
    collected = rules(collecting=Collecting(drain_seconds=10, limit=500, timeout_seconds=10))
    assert "`relay explain --account hyber_main`" in (outlook(a_state(), collected, after(60)).look or "")


def test_a_message_whose_time_is_over_is_asked_about_once_more() -> None:
    """It isn't given up before."""
    told = outlook(a_state(), rules(), after(LIFE_SECONDS + 60))
    assert told.as_json()["action"] == "lookup"
    assert told.sentence == "pending: its time is over; asked about once more, then given up as failed (no report)"


def test_a_message_of_a_collected_account_waits_for_a_drain() -> None:
    """Its lookups are those in the log."""
    collected = rules(collecting=Collecting(drain_seconds=10, limit=500, timeout_seconds=10))
    told = outlook(a_state(), collected, after(1))
    assert told.sentence.startswith("pending: collected every 10 s; next lookup in the log at ")


def test_a_single_question_waits_for_its_answer() -> None:
    """With `follow: false` the first conclusive answer is all."""
    told = outlook(a_state(follow=False, once=True), rules(), after(1))
    assert told.waits_for == "answer"
    assert "asked once, waits for the first conclusive answer; next lookup at" in told.sentence


def test_a_delivered_message_may_still_be_seen() -> None:
    """Where its channel reports that, it is watched for a day."""
    told = outlook(state_after(a_report(channel="viber")), rules(), after(2))
    assert (told.waits_for, told.until) == ("seen", after(86_401))
    assert "for it may be seen until 2026-11-23T12:00:01.000Z" in told.sentence


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (a_report(), "delivered; nothing is waited for"),
        (a_seen_report(), "delivered (inferred) and seen; nothing is waited for"),
        (a_failed_report(), "failed: expired, code 35015; nothing is waited for"),
    ],
)
def test_what_is_settled_waits_for_nothing(report: Report, said: str) -> None:
    """It is remembered for a while, and then forgotten."""
    told = outlook(state_after(report), rules(), after(2))
    assert told.waits_for is None
    assert told.as_json()["action"] == "forget"
    assert told.sentence == f"{said}; remembered until 2026-11-29T12:00:01.000Z (for 7 days)"


def test_an_expired_message_is_told_to_be_concluded_by_the_relay() -> None:
    """The provider never said it."""
    state = decide(a_state(), Unanswered(asked=True), after(LIFE_SECONDS), rules()).state
    assert state is not None
    told = outlook(state, rules(), after(LIFE_SECONDS + 1))
    assert told.sentence.startswith("failed (inferred): no_report; nothing is waited for")
