"""Lookups that wait: who goes first, who is forgotten, and what they are told while nobody may ask."""

from datetime import UTC, datetime, timedelta

import pytest

from relay.core.items import Unanswered
from relay.core.schedule import Urgency
from relay.lookups.door import SPREAD_SECONDS, Door
from relay.lookups.gate import REFUSED_SECONDS, Closed, Gate
from relay.lookups.http import HttpRequest, HttpResponse
from relay.lookups.tickets import Ticket, Tickets
from relay.observe.metrics import Metrics
from tests.lookups.asking import FakeHttp, FakeSlot
from tests.virtual_time import in_virtual_time


def a_ticket(
    name: str = "m-1", *, urgency: Urgency = Urgency.PENDING, due: float = 0.0, slot: FakeSlot | None = None
) -> Ticket:
    """Return a lookup that waits."""
    return Ticket(slot or FakeSlot(), name.encode(), due, urgency)


def waiting(*tickets: Ticket) -> Tickets:
    """Return a queue of lookups."""
    queue = Tickets()
    for ticket in tickets:
        queue.put(ticket)
    return queue


def taken(queue: Tickets) -> list[bytes]:
    """Take all."""
    keys = []
    while queue.any():
        keys.append(queue.take().key)
    return keys


def test_new_requests_and_polls_take_turns_and_each_keeps_its_order() -> None:
    """The new ones begin, whatever was put in first."""
    queue = waiting(
        a_ticket("p-1"), a_ticket("n-1", urgency=Urgency.NEW), a_ticket("p-2"), a_ticket("n-2", urgency=Urgency.NEW)
    )
    assert len(queue) == 4
    assert taken(queue) == [b"n-1", b"p-1", b"n-2", b"p-2"]


def test_a_cancelled_lookup_is_passed_over() -> None:
    """Nobody waits for it; until it is reached it is counted."""
    tickets = [a_ticket(f"m-{number}", urgency=Urgency.NEW if number < 2 else Urgency.PENDING) for number in range(4)]
    queue = waiting(*tickets)
    tickets[0].cancel()
    tickets[2].cancel()
    assert len(queue) == 4
    assert taken(queue) == [b"m-1", b"m-3"]
    assert not queue.any()
    assert len(queue) == 0


def test_the_oldest_is_the_first_of_either_queue() -> None:
    """It says since when lookups are overdue."""
    assert waiting().oldest_due is None
    assert waiting(a_ticket(due=5.0), a_ticket(due=7.0, urgency=Urgency.NEW)).oldest_due == 5.0
    assert waiting(a_ticket(due=5.0), a_ticket(due=3.0, urgency=Urgency.NEW)).oldest_due == 3.0


def test_a_poll_that_waits_may_hurry() -> None:
    """One that is urgent, or under way, can't be any sooner."""
    ticket = a_ticket()
    assert ticket.may_hurry
    ticket.running = True
    assert not ticket.may_hurry
    assert not a_ticket(urgency=Urgency.NEW).may_hurry


def test_polls_have_a_share_while_new_requests_keep_coming() -> None:
    """A load that lasts makes them late, but never keeps them waiting for ever."""
    queue = waiting(a_ticket("p-1"), a_ticket("p-2"))
    keys = []
    for number in range(8):
        queue.put(a_ticket(f"n-{number}", urgency=Urgency.NEW))
        queue.put(a_ticket(f"n-{number}-too", urgency=Urgency.NEW))
        keys.append(queue.take().key)
    assert keys == [b"n-0", b"p-1", b"n-0-too", b"p-2", b"n-1", b"n-1-too", b"n-2", b"n-2-too"]


def test_polls_do_not_save_up_turns_while_none_waits() -> None:
    """After new requests alone, the first poll goes at once, the next after as many new ones as ever."""
    queue = waiting(*(a_ticket(f"n-{number}", urgency=Urgency.NEW) for number in range(12)))
    assert [queue.take().key for _ in range(5)] == [b"n-0", b"n-1", b"n-2", b"n-3", b"n-4"]
    queue.put(a_ticket("p-1"))
    queue.put(a_ticket("p-2"))
    assert [queue.take().key for _ in range(5)] == [b"p-1", b"n-5", b"p-2", b"n-6", b"n-7"]


def a_closed_door(why: Closed) -> Door:
    """Return the way to a provider that may not be asked for a minute."""
    gate = Gate()
    door = Door("voice_eu", http=FakeHttp(), gate=gate, metrics=Metrics("1.0"))
    answer = HttpResponse(401, b"") if why is Closed.REFUSED else HttpResponse(429, b"", retry_after="60")

    async def close() -> None:
        door_http = FakeHttp(default=answer)
        await Door("voice_eu", http=door_http, gate=gate, metrics=Metrics("1.0")).get(HttpRequest("/"), lambda *_: None)

    in_virtual_time(close)()
    return door


@pytest.mark.parametrize("why", [Closed.REFUSED, Closed.THROTTLED])
def test_lookups_before_a_closed_door_are_told_when_to_come_back(why: Closed) -> None:
    """Not all at the same instant; nobody was asked, and only wrong credentials hold what would expire."""
    slot = FakeSlot()
    queue = waiting(*(a_ticket(f"m-{number}", slot=slot) for number in range(50)))
    now = datetime.now(UTC)
    queue.turn_away(a_closed_door(why))
    assert len(slot.items) == 50
    assert not queue.any()
    again = [item.not_before for _, item in slot.items if isinstance(item, Unanswered) and item.not_before]
    assert len(set(again)) > 40
    assert now + timedelta(seconds=REFUSED_SECONDS - 10) < min(again)
    assert max(again) < now + timedelta(seconds=REFUSED_SECONDS + SPREAD_SECONDS + 10)
    held = why is Closed.REFUSED
    assert {(item.asked, item.held) for _, item in slot.items if isinstance(item, Unanswered)} == {(False, held)}


def test_a_cancelled_lookup_is_not_turned_away() -> None:
    """Its slot is gone."""
    slot = FakeSlot()
    tickets = [a_ticket(name, slot=slot) for name in ("m-1", "m-2")]
    queue = waiting(*tickets)
    tickets[0].cancel()
    queue.turn_away(a_closed_door(Closed.THROTTLED))
    assert [name for name, _ in slot.items] == ["m-2"]


def test_outcomes_go_before_what_is_watched_for_seen_but_all_have_a_share() -> None:
    """However many new requests come, and however many pending messages are due."""
    queue = waiting(
        *(a_ticket(f"w-{number}", urgency=Urgency.WATCHED) for number in range(3)),
        *(a_ticket(f"p-{number}", urgency=Urgency.PENDING) for number in range(9)),
        *(a_ticket(f"n-{number}", urgency=Urgency.NEW) for number in range(30)),
    )
    kinds = "".join(key.decode()[0] for key in taken(queue))
    assert kinds.startswith("npnpnpnwnpnpnpnwnpnpnpnwnnnn")
    assert sorted(kinds) == sorted("n" * 30 + "p" * 9 + "w" * 3)
