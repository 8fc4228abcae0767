"""Value objects: cheap to build and to copy, compared by their fields; words that are read without a call."""

import json
from enum import StrEnum

import orjson
import pytest

from relay.core.model import Category, EventType, Outcome
from relay.core.values import replace
from tests.builders import a_report, a_state


def test_a_copy_differs_in_what_was_changed_alone() -> None:
    """The original stays, and equality is that of the fields."""
    state = a_state()
    copy = replace(state, follow=not state.follow)
    assert copy != state
    assert replace(copy, follow=state.follow) == state
    assert hash(replace(copy, follow=state.follow)) == hash(state)
    assert type(copy) is type(state)


@pytest.mark.parametrize("word", [*EventType, *Category, *Outcome])
def test_a_word_is_its_text(word: StrEnum) -> None:
    """For Python, for whoever writes JSON, and read back it is the same member."""
    assert type(word.value) is str
    assert word.value == word == str(word)
    assert orjson.dumps(word) == json.dumps(word).encode() == b'"%b"' % word.value.encode()
    assert type(word)(word.value) is word


def test_a_report_is_hashed_by_its_fields() -> None:
    """Two that say the same are one in a set."""
    assert len({a_report(), a_report()}) == 1
