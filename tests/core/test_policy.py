"""When to ask next: the schedule as a function of the anchor, now and the message."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.policy import JITTER, GrowingIntervals
from tests.builders import NOON, after

intervals = st.builds(
    GrowingIntervals,
    initial_seconds=st.floats(0.5, 60),
    factor=st.sampled_from([1.0, 1.1, 1.6, 3.0]),
    max_seconds=st.floats(60, 3600),
)
names = st.text(max_size=12)
"""Any name, also with lone surrogates."""


@given(intervals, st.floats(-1e6, 3e8), names)
def test_the_next_instant_is_after_now_and_soon_enough(policy: GrowingIntervals, elapsed: float, name: str) -> None:
    """It is never now or earlier, and no further away than the longest interval with its jitter."""
    now = after(elapsed)
    at = policy.next_at(NOON, now, name)
    assert at > now
    longest = timedelta(seconds=max(policy.max_seconds, policy.initial_seconds) * (1 + JITTER))
    assert at - max(now, NOON) <= longest


@given(intervals, names)
def test_the_first_instant_is_exact(policy: GrowingIntervals, name: str) -> None:
    """The first lookup comes `initial_seconds` after the anchor, whatever the message's name."""
    assert policy.next_at(NOON, NOON, name) == after(policy.initial_seconds)


@given(intervals, names)
def test_asking_again_and_again_moves_on(policy: GrowingIntervals, name: str) -> None:
    """From instant to instant the schedule never stands still or stutters."""
    instants = [NOON]
    for _ in range(30):
        instants.append(policy.next_at(NOON, instants[-1], name))
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(instants)]
    assert min(gaps) >= policy.initial_seconds * (1 - JITTER)


@given(intervals, st.floats(0, 1e5), names)
def test_the_schedule_does_not_depend_on_when_it_is_asked(policy: GrowingIntervals, elapsed: float, name: str) -> None:
    """Any instant before the next one has the same next one, so a restart changes nothing."""
    at = policy.next_at(NOON, after(elapsed), name)
    between = after(elapsed) + (at - after(elapsed)) / 2
    assert abs(policy.next_at(NOON, between, name) - at) <= timedelta(microseconds=2)


def test_messages_are_spread() -> None:
    """A thousand messages of one instant are not due together the second time."""
    policy = GrowingIntervals(initial_seconds=5, factor=1.6, max_seconds=900)
    seconds = {round((policy.next_at(NOON, after(6), f"m-{n}") - NOON).total_seconds(), 1) for n in range(1000)}
    assert len(seconds) >= 15
    assert max(seconds) - min(seconds) <= 8 * JITTER + 0.1


@pytest.mark.parametrize("factor", [1.0, 1.6])
def test_an_anchor_of_years_ago_costs_a_few_steps(factor: float) -> None:
    """The walk jumps over the constant intervals: its multiplications are counted, not timed."""

    class Counted(float):
        """A factor that counts how often it is applied."""

        uses = 0

        def __rmul__(self, other: float) -> float:
            Counted.uses += 1
            return float(other) * float(self)

        __mul__ = __rmul__

    policy = GrowingIntervals(initial_seconds=5, factor=Counted(factor), max_seconds=900)
    policy.next_at(NOON, after(10 * 365 * 86_400), "m-1")
    assert Counted.uses <= 20
