"""What was redriven, noted in an offset and a short text: nothing is forgotten, and nothing is added."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.letters.marks import MOST_CHARACTERS, Marks, MarksUnreadable, TooScattered, marks_in, nothing_marked
from tests.builders import NOON

LETTERS = 200
offsets = st.sets(st.integers(0, LETTERS))


def stored(marks: Marks) -> Marks:
    """Return the marks as the next redrive finds them."""
    return marks_in(marks.offset, marks.metadata)


@given(letters=offsets, runs=st.lists(offsets, max_size=5), gone=st.lists(st.integers(0, LETTERS), max_size=5))
def test_marks_grow_by_what_is_redriven_and_nothing_else(
    letters: set[int], runs: list[set[int]], gone: list[int]
) -> None:
    """However runs choose, while retention removes the oldest: of the letters that are there all is known."""
    marks, redriven = nothing_marked(NOON), set[int]()
    for number, run in enumerate(runs):
        if number < len(gone):
            letters = {offset for offset in letters if offset >= gone[number]}
        redriven |= run & letters
        marks = stored(marks.added(run & letters, letters))
        assert {offset for offset in letters if marks.has(offset)} == redriven & letters


def test_a_letter_that_comes_later_is_not_marked() -> None:
    """All that was there was redriven; the next one wasn't."""
    marks = stored(nothing_marked(NOON).added([3, 5], [3, 5]))
    assert (marks.offset, marks.has(5), marks.has(6)) == (6, True, False)


def test_from_when_on_all_is_known_stays_as_it_was() -> None:
    """The first redrive of a partition says it, later ones keep it."""
    marks = stored(nothing_marked(NOON).added([1], [1, 2]))
    assert marks.known_from == NOON - timedelta(days=7)
    assert stored(marks.added([2], [1, 2])).known_from == marks.known_from


def test_ten_thousand_mixed_letters_fit() -> None:
    """Every third of them redriven, and a broker takes the text."""
    marks = nothing_marked(NOON).added(range(1, 30_000, 3), range(30_000))
    assert len(marks.metadata) < MOST_CHARACTERS
    assert stored(marks) == marks


def test_what_a_broker_would_not_take_is_refused() -> None:
    """Before anything is written."""
    with pytest.raises(TooScattered):
        _ = nothing_marked(NOON).added([n * n % 1_000_003 for n in range(20_000)], range(1_000_003)).metadata


@pytest.mark.parametrize(
    "metadata",
    ["", "hello", "2 2026-11-22T08:00:00.000Z eJw=", "1 2026-11-22T08:00:00 eJw=", "1 2026-11-22T08:00:00Z x"],
)
def test_what_others_committed_is_refused(metadata: str) -> None:
    """It is never taken for "nothing was redriven"."""
    with pytest.raises(MarksUnreadable):
        marks_in(5, metadata)
