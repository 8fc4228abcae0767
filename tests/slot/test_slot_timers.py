"""What a slot does by its timers, without Kafka: polls, the end of waiting and of memory, and crowds of them."""

import sys
import tracemalloc

import pytest

from relay.core.items import Answered, Unanswered
from relay.core.merging import merged
from relay.core.model import EventType
from relay.core.rules import RETENTION_SECONDS
from relay.core.schedule import Urgency
from relay.slot.arming import FIRED_AT_ONCE, arm, arm_restored
from relay.slot.codec import encode_state
from relay.slot.keys import state_key
from tests.builders import LIFE_SECONDS, a_request, a_sent, a_state, after, answered
from tests.slot.driven import M1, PENDING, Driven, settled


def test_a_poll_without_news_writes_nothing() -> None:
    """It costs no transaction, and the next instant is armed."""
    driven = settled(item=PENDING)
    driven.second = 6
    driven.turn()
    driven.slot.answer(M1, PENDING)
    turn = driven.turn()
    assert not turn.writes_something
    assert driven.slot.timers.first() is not None


def test_a_followed_message_is_asked_until_it_expires_and_no_longer() -> None:
    """Silence ends in one inferred failure; then only forgetting remains, after the retention."""
    driven = settled(item=PENDING)
    driven.until(LIFE_SECONDS + 10)
    assert [(event.type, event.inferred) for event in driven.events] == [(EventType.FAILED, True)]
    assert driven.slot.pending == 0
    count = len(driven.asks.tickets)
    driven.until(LIFE_SECONDS + 20 + RETENTION_SECONDS)
    assert len(driven.asks.tickets) == count
    assert not driven.slot.entries


def test_a_sent_message_waits_for_its_first_instant() -> None:
    """MessageSent is decided without a lookup; its timer asks."""
    driven = Driven()
    driven.receive(a_sent())
    assert driven.turn().consumed
    assert not driven.asks.tickets
    assert driven.slot.timers.first() == after(5).timestamp()
    driven.until(5, answered())
    assert [event.type for event in driven.events] == [EventType.DELIVERED]


def test_a_late_watch_does_not_forget_the_message() -> None:
    """A lookup for `seen` held back beyond the end of its watch must not shorten the memory of what was published."""
    driven = settled(item=answered(channel="viber"))
    driven.second = 3600.0
    driven.turn()
    driven.slot.answer(M1, Unanswered(asked=False, not_before=after(90_000)))
    driven.turn()
    driven.second = 90_001.0
    driven.turn()
    driven.turn()
    assert driven.slot.state(M1) is not None
    driven.receive(a_request(request_id="req-2"))
    driven.slot.answer(M1, answered(channel="viber"))
    driven.turn()
    assert [event.type for event in driven.events] == [EventType.DELIVERED]


def test_an_outcome_is_more_urgent_than_what_is_watched_for_seen() -> None:
    """By what the message's timer asks for."""
    driven = settled(item=answered(channel="viber"))
    driven.receive(a_request(message_id="m-2"))
    driven.slot.answer(b"message/hyber_main/m-2", PENDING)
    driven.turn()
    driven.asks.tickets.clear()
    driven.second = 3600.0
    driven.turn()
    assert {ticket.key: ticket.urgency for ticket in driven.asks.tickets} == {
        M1: Urgency.WATCHED,
        b"message/hyber_main/m-2": Urgency.PENDING,
    }


def test_a_timer_armed_again_for_the_same_instant_fires() -> None:
    """A clock that was set back gives the instant that already passed once more, while a lookup was on its way."""
    driven = settled(item=PENDING)
    driven.second = 1
    driven.receive(a_request(request_id="req-2"))
    driven.second = 5.5
    driven.turn()  # the timer of second 5 passes while the request's lookup is on its way
    driven.second = 4.0
    driven.slot.answer(M1, PENDING)
    driven.turn()
    assert driven.slot.timers.first() == after(5).timestamp()
    driven.second = 5.0
    driven.turn()
    assert M1 in driven.slot.asking


def test_a_request_at_the_moment_of_forgetting_is_kept() -> None:
    """The message that is sent again as its retention ends is followed, not forgotten."""
    driven = settled(item=PENDING)
    driven.until(LIFE_SECONDS + 1)
    again = driven.second = LIFE_SECONDS + RETENTION_SECONDS + 2
    driven.receive(a_sent(message_id="m-1", anchor_at=after(again), received_at=after(again), expires_at=after(2e6)))
    driven.turn()
    driven.turn()
    assert driven.slot.state(M1) is not None


def test_a_message_of_an_account_that_left_stays() -> None:
    """A stored message whose account is configured no more is neither asked about nor lost."""
    driven = Driven()
    driven.slot.store(b"message/gone/m-1", encode_state(a_state()))
    arm(driven.slot, b"message/gone/m-1", a_state(), driven.now)
    driven.until(LIFE_SECONDS)
    assert driven.slot.state(b"message/gone/m-1") == a_state()
    assert not driven.asks.tickets


def a_crowd(count: int) -> Driven:
    """Return a slot with so many restored pending messages, whose stored bytes differ in the id only."""
    driven, ids = Driven(), "9f60ac8f-e721-5027-b838-{:012}"
    moment = after(0.123)
    sent = a_sent(message_id=ids.format(0), anchor_at=moment, received_at=moment, recipient="380961111111")
    state = merged(None, sent)
    first, value = state_key(sent), encode_state(state)
    for number in range(count):
        change = ids.format(0).encode(), ids.format(number).encode()
        key = first.replace(*change)
        driven.slot.store(key, value.replace(*change))
        arm(driven.slot, key, state, driven.now)
    return driven


def test_a_pending_message_costs_at_most_500_bytes() -> None:
    """Measured over 20,000 messages as they are held between two lookups."""
    a_crowd(10)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        driven = a_crowd(20_000)
        each = (tracemalloc.get_traced_memory()[0] - before) / len(driven.slot.entries)
    finally:
        tracemalloc.stop()
    sys.stdout.write(f"{each:.0f} bytes for each pending message\n")
    assert each <= 500


def test_a_crowd_of_due_timers_does_not_delay_a_request() -> None:
    """A turn starts a bounded number of polls, so a request is decided in the first turn after it came."""
    driven = a_crowd(100_000)
    driven.second = 10
    driven.receive(a_request())
    driven.slot.answer(M1, answered())
    turn = driven.turn()
    assert len(turn.events) == 1
    assert len([ticket for ticket in driven.asks.tickets if ticket.urgency is not Urgency.NEW]) == FIRED_AT_ONCE


def test_a_missed_step_is_made_up_for_after_a_restore() -> None:
    """A lookup that fell due while nobody owned the message is due at once; an older one waits for its next."""
    first = Driven()
    first.receive(a_request())
    first.slot.answer(M1, Answered(report=None))
    first.turn()
    value = first.slot.entries[M1].value
    due_at = first.slot.timers.first()
    assert due_at is not None
    second = Driven()
    second.slot.store(M1, value)
    arm_restored(second.slot, M1, after(due_at - after(0).timestamp() + 60))
    assert second.slot.timers.first() == due_at


def hours_old() -> Driven:
    """Return a slot whose message is asked about rarely by now, with its next lookup under way."""
    driven = settled(item=PENDING)
    driven.until(4 * 3600)
    due = driven.slot.timers.first()
    assert due is not None
    driven.second = due - after(0).timestamp()
    driven.turn()
    assert M1 in driven.slot.asking
    return driven


@pytest.mark.parametrize("held", [True, False])
def test_who_was_refused_or_got_no_answer_tries_again_as_soon_as_it_may(*, held: bool) -> None:
    """An account is tried every minute though all its messages are due in a quarter of an hour: by who tried before."""
    driven = hours_old()
    driven.slot.answer(M1, Unanswered(asked=True, held=held, not_before=after(driven.second + 60)))
    driven.turn()
    assert driven.slot.timers.first() == after(driven.second + 60).timestamp()


def test_who_was_turned_away_waits_for_its_own_instant() -> None:
    """A hundred thousand that all came back at each try would do nothing else."""
    driven = hours_old()
    driven.slot.answer(M1, Unanswered(asked=False, held=True, not_before=after(driven.second + 60)))
    driven.turn()
    due = driven.slot.timers.first()
    assert due is not None
    assert due > after(driven.second + 300).timestamp()
