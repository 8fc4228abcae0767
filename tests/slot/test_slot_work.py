"""What a slot does not do: decode, encode or look at anything more often than it must."""

from collections import Counter
from collections.abc import Callable

import pytest

from relay.core.items import Item, Unanswered
from relay.slot import deciding, slot
from relay.slot.resting import IDLE_SECONDS, awake, rest_of
from tests.builders import a_request, after, answered
from tests.slot.driven import M1, PENDING, Driven


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often states are decoded and encoded."""
    count: Counter[str] = Counter()
    for module, name in ((slot, "decode_state"), (deciding, "encode_state")):
        monkeypatch.setattr(module, name, counting(count, name, getattr(module, name)))
    return count


def counting(count: Counter[str], name: str, true: Callable[..., object]) -> Callable[..., object]:
    """Return a function that does the same, and is counted."""

    def counted(*values: object) -> object:
        count[name] += 1
        return true(*values)

    return counted


def asked_again() -> Driven:
    """Return a slot whose one message was found pending, and is due again."""
    driven = Driven()
    driven.receive(a_request())
    driven.slot.answer(M1, PENDING)
    driven.turn()
    due = driven.slot.timers.first()
    assert due is not None
    driven.second = due - after(0).timestamp()
    return driven


@pytest.mark.parametrize("item", [PENDING, Unanswered(asked=True)])
def test_a_lookup_without_news_decodes_the_state_once_and_encodes_none(item: Item, done: Counter[str]) -> None:
    """That is what nearly all lookups are."""
    driven = asked_again()
    done.clear()
    driven.turn()
    question = driven.slot.lookup(M1)
    driven.slot.answer(M1, item)
    turn = driven.turn()
    assert question is not None
    assert (turn.writes, turn.writes_something) == ({}, False)
    assert done == {"decode_state": 1}


def test_a_state_that_changed_under_a_lookup_is_decoded_anew(done: Counter[str]) -> None:
    """The answer is decided on what is known then, not on what was known when it was asked for."""
    driven = asked_again()
    driven.turn()
    driven.slot.lookup(M1)
    driven.receive(a_request(request_id="r-2"))
    driven.turn()
    done.clear()
    driven.slot.answer(M1, answered())
    driven.turn()
    assert [event.request_id for event in driven.events] == ["r-2"]
    assert done["decode_state"] == 1


def test_a_slot_rests_until_something_can_be_decided() -> None:
    """A request waits for its answer or its grace, an answer for nothing, a message for its timer."""
    driven = Driven()
    now = after(0).timestamp()
    assert rest_of(driven.slot, now, 0.0) == IDLE_SECONDS
    driven.receive(a_request())
    assert rest_of(driven.slot, now, 0.0) == slot.GRACE_SECONDS
    driven.slot.answer(M1, PENDING)
    assert rest_of(driven.slot, now, 0.0) <= 0
    driven.turn()
    due = driven.slot.timers.first()
    assert due is not None
    assert rest_of(driven.slot, due - 0.5, 0.0) == pytest.approx(0.5)
    assert rest_of(driven.slot, due, 0.0) <= 0


def test_slots_that_rest_are_left_alone_but_for_a_look_now_and_then() -> None:
    """One that isn't restored yet is never looked at."""
    busy, resting, restoring = Driven(), Driven(), Driven()
    busy.slot.ready = resting.slot.ready = True
    slots = [busy.slot, resting.slot, restoring.slot]
    busy.receive(a_request())
    busy.slot.answer(M1, PENDING)
    now = after(0).timestamp()
    assert awake(slots, now, 0.0, everybody=False) == [busy.slot]
    assert awake(slots, now, 0.0, everybody=True) == [busy.slot, resting.slot]
