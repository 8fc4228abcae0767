"""Whatever is said of an account's drains, in whatever order: none is lost track of, and what is kept stays small."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.core.collecting import (
    DRAINS_REMEMBERED,
    GAPS_KEPT,
    AccountItem,
    AccountState,
    Drained,
    Filter,
    Gap,
    Intent,
    NoAnswer,
    Read,
    Reconciled,
    Unasked,
    Wish,
    account_after,
    intended,
)
from relay.slot.codec import decode_account, encode_account
from tests.builders import NOON, after
from tests.collected import a_read
from tests.strategies import texts

FILTERS: list[Filter] = [(None, None), ("b-1", None), (None, "m-1"), ("b-1", "m-1")]


class Fate(StrEnum):
    """How a drain ended, as a reader of the account's history would say."""

    OPEN = "open"
    ANSWERED = "answered"
    GAP = "gap"
    WITHDRAWN = "withdrawn"
    RECONCILED = "reconciled"


@dataclass
class History:
    """An account through any items, with a naive record beside it of where each drain went."""

    state: AccountState = field(default_factory=AccountState)
    fates: dict[str, Fate] = field(default_factory=dict)

    def intend(self, wanted: Filter, now: datetime) -> None:
        """Begin a drain, unless one is under way."""
        drain_id = f"d-{len(self.fates)}"
        wish = Wish(wished_at=NOON, filter=wanted)
        if self.state.intent is None:
            self.state = intended(self.state, wish, drain_id=drain_id, limit=1, now=now)
            self.fates[drain_id] = Fate.OPEN

    def take(self, item: AccountItem, now: datetime) -> None:
        """Take an item, twice: the second time it changes nothing."""
        match item:
            case Reconciled():
                gap = next((gap for gap in self.state.gaps if gap.filter == item.filter), None)
                for drain_id in gap.drains if gap is not None and gap.last_at <= item.last_at else ():
                    self.fates[drain_id] = Fate.RECONCILED
            case Read():
                self._end(item.drained.drain_id, Fate.GAP if item.lost else Fate.ANSWERED)
                if item.lost is None and self.fates.get(item.drained.drain_id) is Fate.GAP:
                    self.fates[item.drained.drain_id] = Fate.ANSWERED
            case NoAnswer():
                self._end(item.drain_id, Fate.GAP)
            case Unasked():
                self._end(item.drain_id, Fate.WITHDRAWN)
        self.state = account_after(self.state, item, now)
        assert account_after(self.state, item, now) == self.state

    def _end(self, drain_id: str, fate: Fate) -> None:
        if self.fates.get(drain_id) is Fate.OPEN:
            self.fates[drain_id] = fate

    def holds(self) -> None:
        """Check that the state says of each drain what the record says."""
        of = Counter(self.fates.values())
        named = [drain_id for gap in self.state.gaps for drain_id in gap.drains]
        open_now = [drain_id for drain_id, fate in self.fates.items() if fate is Fate.OPEN]
        assert open_now == ([self.state.intent.drain_id] if self.state.intent else [])
        assert sorted(named) == sorted(drain_id for drain_id, fate in self.fates.items() if fate is Fate.GAP)
        assert sum(gap.count for gap in self.state.gaps) == of[Fate.GAP]
        assert len({gap.filter for gap in self.state.gaps}) == len(self.state.gaps)


drain_ids = st.integers(0, 12).map("d-{}".format)
account_items: st.SearchStrategy[AccountItem] = st.one_of(
    st.builds(a_read, drain_ids, st.sampled_from([None, None, "garbled"])),
    st.builds(NoAnswer, drain_id=drain_ids, why=st.just("timed_out")),
    st.builds(Unasked, drain_id=drain_ids),
    st.builds(Reconciled, filter=st.sampled_from(FILTERS), last_at=st.integers(0, 30).map(after)),
)
histories = st.lists(st.sampled_from(FILTERS) | account_items, max_size=30)


@settings(max_examples=60)
@given(histories, st.lists(st.integers(0, 30), min_size=30, max_size=30))
def test_every_drain_ends_in_exactly_one_way(happened: list[Any], seconds: list[int]) -> None:
    """Whatever is said in whatever order and however often, also by a clock that jumps: no drain is lost track of."""
    history = History()
    for something, second in zip(happened, seconds, strict=False):
        if isinstance(something, AccountItem):
            history.take(something, after(second))
        else:
            history.intend(something, after(second))
        history.holds()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=120))
def test_gaps_stay_bounded(drains: list[tuple[int, bool]]) -> None:
    """Any number of failed drains of any filters costs a bounded record, and their number stays right."""
    state = AccountState()
    for number, (bulk, late) in enumerate(drains):
        wish = Wish(wished_at=NOON, filter=(f"b-{bulk}", None))
        state = intended(state, wish, drain_id=f"d-{number}", limit=1, now=after(number))
        state = account_after(state, NoAnswer(drain_id=f"d-{number}", why="timed_out"), after(number + 0.5))
        if late:
            state = account_after(state, a_read(f"d-{number}"), after(number + 0.6))
        assert len(state.gaps) <= GAPS_KEPT
        assert all(len(gap.drains) <= DRAINS_REMEMBERED for gap in state.gaps)
    assert sum(gap.count for gap in state.gaps) == sum(not late for _, late in drains)


milliseconds = st.integers(0, 4_000_000_000_000).map(lambda number: after(number / 1000 - 1_000_000_000))
ids = texts.filter(bool)
filters = {"bulk_id": st.none() | ids, "message_id": st.none() | ids}
account_states = st.builds(
    AccountState,
    intent=st.none() | st.builds(Intent, drain_id=ids, intended_at=milliseconds, limit=st.integers(1, 1000), **filters),
    gaps=st.lists(
        st.builds(
            Gap,
            first_at=milliseconds,
            last_at=milliseconds,
            drains=st.lists(ids, max_size=3).map(tuple),
            count=st.integers(1, 99),
            why=texts,
            **filters,
        ),
        max_size=3,
    ).map(tuple),
    last=st.none()
    | st.builds(
        Drained,
        drain_id=ids,
        answered_at=milliseconds,
        status=st.integers(100, 599),
        reports=st.integers(0, 1000),
        count=st.integers(0, 1000),
    ),
    decided=st.lists(ids, max_size=3).map(tuple),
)


@given(account_states)
def test_an_account_is_stored_as_it_is(state: AccountState) -> None:
    """Whatever its record was written from comes back from it, instants to the millisecond."""
    assert decode_account(encode_account(state)) == state
