"""Timers beside the plainest thing that does the same: a list that is looked through."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from relay.slot.timers import Timers

NOON = 1_800_000_000.0
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arm"), st.floats(-400, 100_000)),
        st.tuples(st.just("go on"), st.floats(0, 5000)),
        st.tuples(st.just("pop"), st.just(0.0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_entries_come_in_the_order_of_their_instants_and_none_too_early(steps: list[tuple[str, float]]) -> None:
    """Whatever is armed before, between and after others, soon, late or in the past."""
    timers, plain, now = Timers(), list[tuple[float, bytes]](), NOON
    for number, (step, seconds) in enumerate(steps):
        match step:
            case "arm":
                timers.arm(b"%d" % number, now + seconds)
                plain.append((now + seconds, b"%d" % number))
            case "go on":
                now += seconds
            case _:
                due = [entry for entry in sorted(plain) if entry[0] <= now]
                popped = timers.pop_due(now)
                assert popped == (due[0] if due else None)
                if popped is not None:
                    plain.remove(popped)
        assert timers.first() == min((entry[0] for entry in plain), default=None)
        assert timers.overdue(now) == sum(entry[0] <= now for entry in plain)


def test_entries_for_later_are_small() -> None:
    """A message that waits for its next lookup costs its timer two words."""
    keys = [b"%d" % number for number in range(20_000)]
    timers = Timers()
    tracemalloc.start()
    try:
        for number, key in enumerate(keys):
            timers.arm(key, NOON + number % 3600)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / len(keys) < 24


def test_what_was_forgotten_does_not_come() -> None:
    """Neither what was due soon nor what was due late."""
    timers = Timers()
    timers.arm(b"soon", NOON)
    timers.pop_due(NOON - 1)
    timers.arm(b"late", NOON + 3600)
    timers.clear()
    assert timers.first() is None
    assert timers.pop_due(NOON + 7200) is None
    timers.arm(b"again", NOON)
    assert timers.pop_due(NOON) == (NOON, b"again")
