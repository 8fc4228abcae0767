"""Gaps closed from the log: which windows are read, when, how often again, and what can't be told any more."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from relay.core.collecting import CLOCKS_APART, Gap, Reconciled
from relay.slot import reconciling
from relay.slot.reconciling import BEFORE_SECONDS, LOG_REACHES, REACH_MARGIN, READINGS_AT_ONCE
from tests.builders import after
from tests.collected import a_gap
from tests.slot.driven_reconciling import LIMIT, REQUEST_SECONDS, Driven, name_of
from tests.virtual_time import in_virtual_time, passed


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries fill a page."""
    monkeypatch.setattr(reconciling, "LOG_LIMIT", LIMIT)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep what is logged to itself."""
    with capture_logs():
        yield


def reconciled(gap: Gap) -> Reconciled:
    """Return what is told of a gap that was seen to."""
    return Reconciled(filter=gap.filter, last_at=gap.last_at)


@in_virtual_time
async def test_the_log_is_read_for_the_time_in_which_something_may_be_missing() -> None:
    """From as far as it reaches before the gap, to a little after it: the provider's clock may differ from ours."""
    driven = Driven(after(-3600))
    gap = a_gap(("b-1", "m-1"), first_at=after(-20), last_at=after(-10))
    driven.reconciling.see_to([gap])
    await driven.until_told()
    ((at, wanted, since_at, until_at),) = driven.log.windows
    assert at == pytest.approx(BEFORE_SECONDS)
    assert wanted == ("b-1", "m-1")
    assert since_at == after(at) - LOG_REACHES + REACH_MARGIN
    assert until_at == gap.last_at + CLOCKS_APART
    assert driven.told[0][1] == reconciled(gap)
    assert (driven.found, driven.counted("reconciled")) == (["m--3600000"], 1)


@in_virtual_time
async def test_a_full_window_is_halved_and_the_newest_half_read_first() -> None:
    """What was lost just now is of most use."""
    sent = [after(-hours * 3600.0) for hours in (1, 2, 3, 30, 31, 32)]
    driven = Driven(*sent)
    driven.reconciling.see_to([a_gap()])
    await driven.until_told()
    ends = [until_at for _, _, since_at, until_at in driven.log.windows]
    assert ends[1] == ends[0]
    assert set(driven.found) == {name_of(at) for at in sent}
    newest = [driven.found.index(name_of(at)) for at in sent]
    assert max(newest[:3]) < min(newest[3:])


milliseconds = st.integers(-47 * 3_600_000, 60_000)


@settings(max_examples=30)  # each reads for some virtual minutes
@given(st.lists(milliseconds, max_size=12, unique=True))
def test_whatever_is_in_the_log_is_found(sent: list[int]) -> None:
    """However the calls lie, none falls between two windows, as long as one instant has fewer than a page."""

    @in_virtual_time
    async def read() -> None:
        driven = Driven(*(after(each / 1000) for each in sent))
        driven.reconciling.see_to([a_gap(last_at=after(0))])
        await driven.until_told()
        assert set(driven.found) == {f"m-{each}" for each in sent}
        assert driven.counted("abandoned") is None

    read()


@in_virtual_time
async def test_an_instant_with_more_calls_than_a_page_is_said_to_be_read_in_part() -> None:
    """Halving ends where the log has no finer instants; what is there is taken, and the gap ends with an error line."""
    driven = Driven(*[after(-60)] * LIMIT, after(-50))
    driven.reconciling.see_to([a_gap()])
    await driven.until_told()
    assert set(driven.found) == {"m--60000", "m--50000"}
    assert (driven.counted("abandoned"), driven.counted("reconciled")) == (1, None)


@in_virtual_time
async def test_a_log_that_is_down_is_tried_again_later_and_later() -> None:
    """Nothing is given up; the time between two tries grows to five minutes."""
    driven = Driven(after(-60), down_until=2000.0)
    driven.reconciling.see_to([a_gap()])
    await driven.until_told()
    times = [at for at, *_ in driven.log.windows]
    pauses = [later - earlier - REQUEST_SECONDS for earlier, later in itertools.pairwise(times)]
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 64, 128, 256, *[300] * (len(pauses) - 8)])
    assert (driven.found, driven.counted("reconciled")) == (["m--60000"], 1)


@in_virtual_time
async def test_a_log_that_was_down_too_long_is_given_up() -> None:
    """When it answers again it doesn't reach back to the gap any more: an error line, and the gap ends."""
    driven = Driven(after(-60), down_until=LOG_REACHES.total_seconds() + 4000)
    driven.reconciling.see_to([a_gap()])
    await driven.until_told()
    assert (driven.found, driven.counted("abandoned"), driven.counted("reconciled")) == ([], 1, None)


@in_virtual_time
async def test_a_gap_that_the_log_does_not_reach_is_given_up_unread() -> None:
    """A process that was away for days finds nothing there."""
    driven = Driven(after(-60))
    gap = a_gap(first_at=after(-200_000), last_at=after(-190_000))
    driven.reconciling.see_to([gap])
    await driven.until_told()
    assert ([item for _, item in driven.told], driven.log.windows) == ([reconciled(gap)], [])
    assert driven.counted("abandoned") == 1


@in_virtual_time
async def test_without_a_log_a_gap_is_shown_for_as_long_as_a_log_would_reach() -> None:
    """It is named once, whoever looks at it however often, and ends when nobody could do anything about it."""
    driven = Driven(there=False)
    gap = a_gap()
    for _ in range(10):
        driven.reconciling.see_to([gap])
        await asyncio.sleep(3600)
    assert (driven.told, driven.log.windows, driven.counted("abandoned")) == ([], [], 1)
    await asyncio.sleep(LOG_REACHES.total_seconds())
    driven.reconciling.see_to([gap])
    await driven.until_told()
    assert [item for _, item in driven.told] == [reconciled(gap)]


@in_virtual_time
async def test_a_gap_that_stands_as_it_was_read_is_not_read_again() -> None:
    """Until its end is committed it is seen a few times more."""
    driven = Driven()
    for _ in range(5):
        driven.reconciling.see_to([a_gap()])
        await asyncio.sleep(10)
    assert (len(driven.log.windows), len(driven.told)) == (1, 1)


@in_virtual_time
async def test_a_gap_that_grew_is_read_again() -> None:
    """Also where it grew while it was read: each reading is for the gap as it stood when it began."""
    driven = Driven()
    first, grown = a_gap(), a_gap(last_at=after(20), count=2)
    driven.reconciling.see_to([first])
    await asyncio.sleep(BEFORE_SECONDS + REQUEST_SECONDS / 2)
    driven.reconciling.see_to([grown])
    await driven.until_told()
    driven.reconciling.see_to([grown])
    await driven.until_told(2)
    assert [item for _, item in driven.told] == [reconciled(first), reconciled(grown)]


@in_virtual_time
async def test_gaps_of_several_filters_are_all_read() -> None:
    """None waits for the other's end: the log's own queue takes them one after the other."""
    driven = Driven()
    gaps = [a_gap(), a_gap(("b-1", None)), a_gap((None, "m-1"))]
    driven.reconciling.see_to(gaps)
    await driven.until_told(3)
    assert {item.filter for _, item in driven.told} == {gap.filter for gap in gaps}


@in_virtual_time
async def test_a_provider_that_loses_everything_does_not_have_its_log_read_all_the_time() -> None:
    """Each gap is looked up at once; after three in a row the rest waits longer each time, until a drain goes well."""
    driven = Driven(*(after(-hours * 3600.0) for hours in range(1, LIMIT + 2)))
    firsts, pauses = [], []

    async def read(number: int) -> None:
        seen_at, before = passed(), len(driven.log.windows)
        driven.reconciling.see_to([a_gap(last_at=after(10 + number))])
        await driven.until_told(number + 1)
        first, second, *_ = driven.log.windows[before:]
        firsts.append(first[0] - seen_at)
        pauses.append(second[0] - first[0] - REQUEST_SECONDS)

    for number in range(READINGS_AT_ONCE + 4):
        await read(number)
    driven.reconciling.drained()
    await read(READINGS_AT_ONCE + 4)
    assert firsts == pytest.approx([BEFORE_SECONDS] * (READINGS_AT_ONCE + 5))
    assert pauses == pytest.approx([*[0] * READINGS_AT_ONCE, 10, 20, 40, 80, 0], abs=0.01)


@in_virtual_time
async def test_who_lost_the_account_reads_no_more() -> None:
    """The next owner begins anew; a gap that is seen afterwards is not begun with."""
    driven = Driven(after(-60), down_until=1000.0)
    driven.reconciling.see_to([a_gap()])
    await asyncio.sleep(10)
    driven.reconciling.close()
    count = len(driven.log.windows)
    driven.reconciling.see_to([a_gap(("b-1", None))])
    await asyncio.sleep(2000)
    assert (len(driven.log.windows), driven.told, driven.found) == (count, [], [])


@in_virtual_time
async def test_a_bug_ends_the_process_instead_of_the_reading() -> None:
    """Else the account's gaps would stand open for ever, unnoticed."""
    driven = Driven(broken=True)
    driven.reconciling.see_to([a_gap()])
    await asyncio.sleep(10)
    assert [str(error) for error in driven.failures] == ["a bug"]
