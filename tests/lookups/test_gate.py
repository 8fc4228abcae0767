"""Whether an account may be asked: pauses, and the breaker."""

import pytest

from relay.lookups.gate import (
    FAILURES_TO_OPEN,
    LONGEST_BACK_OFF_SECONDS,
    LONGEST_THROTTLED_SECONDS,
    REFUSED_SECONDS,
    Closed,
    Gate,
)


def an_open_breaker() -> Gate:
    """Return a gate that failures closed at second 0."""
    gate = Gate()
    for _ in range(FAILURES_TO_OPEN):
        gate.failed(0.0)
    return gate


def test_the_breaker_opens_after_five_failures_in_a_row() -> None:
    """Four don't close the account, an answer between them starts the count anew."""
    gate = Gate()
    assert not any(gate.failed(0.0) for _ in range(FAILURES_TO_OPEN - 1))
    gate.answered(0.0)
    assert not any(gate.failed(0.0) for _ in range(FAILURES_TO_OPEN - 1))
    assert gate.failed(0.0)
    assert gate.closed is Closed.UNAVAILABLE
    assert not gate.passes(0.2)
    assert gate.passes(0.5)
    assert gate.probing


def test_a_failed_probe_waits_longer_up_to_a_bound() -> None:
    """Each failed probe doubles the back-off; a minute is the longest."""
    gate = an_open_breaker()
    waits = []
    for _ in range(12):
        now = gate.until
        assert gate.failed(now)
        waits.append(gate.until - now)
    assert waits[-1] <= LONGEST_BACK_OFF_SECONDS
    assert waits[-1] >= LONGEST_BACK_OFF_SECONDS / 2
    assert waits[3] > waits[0]


def test_failures_in_flight_when_it_closed_count_once() -> None:
    """A hundred lookups that fail together make one closure."""
    gate = an_open_breaker()
    until, back_off = gate.until, gate.back_off
    assert not any(gate.failed(0.1) for _ in range(100))
    assert (gate.until, gate.back_off) == (until, back_off)


def test_an_answer_opens_it_and_forgets_the_back_off() -> None:
    """After a success everything may go again."""
    gate = an_open_breaker()
    assert gate.answered(gate.until)
    assert gate == Gate(until=gate.until)
    assert not gate.answered(99.0)


@pytest.mark.parametrize(("closing", "seconds"), [("refused", REFUSED_SECONDS), ("throttled", 7.0)])
def test_an_ordered_pause_outlasts_answers_under_way(closing: str, seconds: float) -> None:
    """A response to an earlier request doesn't end the pause; after it, an answer does."""
    gate = Gate()
    gate.refused(0.0) if closing == "refused" else gate.throttled(0.0, 7.0)
    assert not gate.answered(1.0)
    assert not gate.passes(seconds - 0.1)
    assert gate.passes(seconds)
    assert gate.answered(seconds)
    assert gate.closed is None


def test_refusal_is_news_once() -> None:
    """A second 401 prolongs the pause without a second error line."""
    gate = Gate()
    assert [gate.refused(0.0), gate.refused(60.0)] == [True, False]
    assert gate.until == 120.0


@pytest.mark.parametrize(
    ("asked", "expected"), [(0.0, 0.0), (-5.0, 0.0), (1e12, LONGEST_THROTTLED_SECONDS), (3.0, 3.0)]
)
def test_a_pause_is_bounded(asked: float, expected: float) -> None:
    """Whatever the provider orders, the account is asked within the hour, and never in the past."""
    gate = Gate()
    gate.throttled(0.0, asked)
    assert gate.until == expected


def test_the_longest_of_two_pauses_holds() -> None:
    """A late 429 with a shorter pause doesn't shorten the one in force."""
    gate = Gate()
    gate.throttled(0.0, 30.0)
    gate.throttled(1.0, 2.0)
    assert gate.until == 30.0
