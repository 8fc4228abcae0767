"""What is under way at an account whose reports are handed out only once: intents, gaps, and what closes them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.collecting import (
    DRAINS_REMEMBERED,
    GAPS_KEPT,
    WHATEVER_IS_UNREAD,
    AccountItem,
    AccountState,
    Filter,
    NoAnswer,
    Reconciled,
    Unasked,
    Wish,
    account_after,
    fulfils,
    intended,
    with_decided,
)
from tests.builders import NOON, after
from tests.collected import a_gap, a_read, an_intent

FILTERS: list[Filter] = [(None, None), ("b-1", None), (None, "m-1"), ("b-1", "m-1")]
OPEN = AccountState(intent=an_intent())
GAP = AccountState(gaps=(a_gap(),))


def with_gaps(*filters: Filter) -> AccountState:
    """Return the state after a drain of each filter, in this order, that brought nothing."""
    state = AccountState()
    for number, wanted in enumerate(filters):
        state = intended(
            state, Wish(wished_at=NOON, filter=wanted), drain_id=f"d-{number}", limit=1, now=after(10 * number)
        )
        state = account_after(state, NoAnswer(drain_id=f"d-{number}", why="timed_out"), after(10 * number + 1))
    return state


def test_an_answer_closes_its_intent() -> None:
    """Nothing is under way any more, and the last drain is known."""
    item = a_read(reports=3, count=4)
    assert account_after(OPEN, item, after(2)) == AccountState(last=item.drained)


def test_an_answer_that_cannot_be_read_leaves_a_gap() -> None:
    """What was handed out is lost to us, so the log must be read for the time from the intent to now."""
    after_it = account_after(OPEN, a_read(lost="garbled"), after(10))
    assert after_it == AccountState(gaps=(a_gap(why="garbled"),), last=a_read().drained)


def test_no_answer_leaves_a_gap_and_what_was_not_asked_leaves_none() -> None:
    """A drain that never began can't have consumed anything."""
    assert account_after(OPEN, NoAnswer(drain_id="d-1", why="timed_out"), after(10)) == GAP
    assert account_after(OPEN, Unasked(drain_id="d-1"), after(10)) == AccountState()


@pytest.mark.parametrize("item", [NoAnswer(drain_id="d-2", why="x"), Unasked(drain_id="d-2"), a_read("d-2")])
def test_what_is_said_of_another_drain_changes_nothing(item: AccountItem) -> None:
    """A late word of an earlier owner's drain doesn't close the one that is under way."""
    assert account_after(OPEN, item, after(10)) == OPEN


def test_a_late_answer_closes_its_gap() -> None:
    """The reports are here after all; the other drains of the gap stay in it."""
    assert account_after(GAP, a_read("d-1"), after(60)).gaps == ()
    two = with_gaps((None, None), (None, None))
    (left,) = account_after(two, a_read("d-0"), after(60)).gaps
    assert (left.drains, left.count) == (("d-1",), 1)


def test_a_late_answer_that_cannot_be_read_leaves_the_gap() -> None:
    """Its reports are still to be looked for."""
    assert account_after(GAP, a_read("d-1", lost="garbled"), after(60)) == GAP


def test_gaps_of_one_filter_become_one() -> None:
    """It spans the times of all, and names the newest reason."""
    state = with_gaps(("b-1", None), (None, None), ("b-1", None))
    assert [(gap.filter, gap.drains, gap.count) for gap in state.gaps] == [
        ((None, None), ("d-1",), 1),
        (("b-1", None), ("d-0", "d-2"), 2),
    ]
    assert (state.gaps[1].first_at, state.gaps[1].last_at) == (after(0), after(21))


def test_more_gaps_than_are_kept_become_one_of_everything() -> None:
    """A flood of failed drains of ever new filters costs neither memory nor the guarantee."""
    kept = with_gaps(*((f"b-{number}", None) for number in range(GAPS_KEPT)))
    assert len(kept.gaps) == GAPS_KEPT
    (gap,) = with_gaps(*((f"b-{number}", None) for number in range(GAPS_KEPT + 1))).gaps
    assert (gap.filter, gap.count, gap.first_at) == (WHATEVER_IS_UNREAD, GAPS_KEPT + 1, NOON)
    assert len(gap.drains) == DRAINS_REMEMBERED
    assert gap.drains[-1] == f"d-{GAPS_KEPT}"


def test_a_gap_that_grew_while_the_log_was_read_stays() -> None:
    """Only what was there when the reading began is reconciled."""
    state = with_gaps((None, None), (None, None))
    assert account_after(state, Reconciled(filter=(None, None), last_at=after(1)), after(60)) == state
    assert account_after(state, Reconciled(filter=("b-1", None), last_at=after(11)), after(60)) == state
    assert account_after(state, Reconciled(filter=(None, None), last_at=after(11)), after(60)) == AccountState()


def test_a_gap_that_grew_stays_even_if_the_clock_was_set_back() -> None:
    """A gap is always newer than what it grew from, whatever the clock says."""
    for second in (10, 0):
        state = replace(GAP, intent=an_intent("d-2"))
        grown = account_after(state, NoAnswer(drain_id="d-2", why="timed_out"), after(second))
        assert account_after(grown, Reconciled(filter=(None, None), last_at=after(10)), after(60)).gaps == grown.gaps


def test_one_drain_at_a_time() -> None:
    """Whoever intends a second one has a bug, which must not be written."""
    with pytest.raises(ValueError, match="one drain at a time"):
        intended(OPEN, Wish(wished_at=NOON), drain_id="d-2", limit=1, now=NOON)


def test_an_intent_says_what_is_asked() -> None:
    """Its filter is the wish's."""
    wish = Wish(wished_at=NOON, filter=("b-1", "m-1"))
    intent = intended(AccountState(), wish, drain_id="d-1", limit=7, now=after(1)).intent
    assert intent == an_intent(wanted=("b-1", "m-1"), limit=7, intended_at=after(1))


@pytest.mark.parametrize("drained", FILTERS)
@pytest.mark.parametrize("wished", FILTERS)
def test_a_drain_fulfils_the_wishes_that_it_covers(drained: Filter, wished: Filter) -> None:
    """What is unread of a bulk is also what is unread of its messages, and whatever is unread is all."""
    covers = all(part is None or part == whole for part, whole in zip(drained, wished, strict=True))
    intent = an_intent(wanted=drained)
    assert fulfils(intent, Wish(wished_at=NOON, filter=wished)) is covers
    assert not fulfils(intent, Wish(wished_at=after(0.001), filter=wished))
    assert not fulfils(intent, Wish(wished_at=NOON, filter=("b-2", "m-2"))) or drained == (None, None)


@given(st.sampled_from(FILTERS), st.floats(-7200, 7200))
def test_an_intent_fulfils_the_wish_that_it_came_from(wanted: Filter, second: float) -> None:
    """Also where the clock was set back since it was wished: else it would be drained again and again till then."""
    wish = Wish(wished_at=NOON, filter=wanted)
    intent = intended(AccountState(), wish, drain_id="d-1", limit=1, now=after(second)).intent
    assert intent is not None
    assert fulfils(intent, wish)


def test_only_the_newest_decided_answers_are_remembered() -> None:
    """The account's record stays small."""
    state = AccountState()
    for number in range(DRAINS_REMEMBERED + 5):
        state = with_decided(state, f"d-{number}")
    assert state.decided == tuple(f"d-{number}" for number in range(5, DRAINS_REMEMBERED + 5))
