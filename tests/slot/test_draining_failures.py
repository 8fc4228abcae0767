"""An account's drains in its slot while the provider, its log or Kafka fails: what is asked again, what is a gap."""

import asyncio
import itertools

import pytest

from relay.core.collecting import Drained
from tests.builders import after
from tests.collected import a_voice_request, an_unread_request
from tests.slot.drained import M1, UNREAD, a_call, filters, published
from tests.slot.voice_process import Process
from tests.slot.voice_provider import SPOILT, How
from tests.slot.voice_world import Taken, World
from tests.virtual_time import in_virtual_time, passed


@in_virtual_time
@pytest.mark.parametrize("how", [How.LOST, How.CUT, How.FAILED, How.GARBLED, How.BROKEN])
async def test_what_was_lost_on_its_way_is_found_in_the_log(how: How) -> None:
    """The gap is committed with the end of its drain, the log is read soon after, and nothing is left of it."""
    world = World()
    world.provider.knows("m-1", "m-2", "m-3")
    world.provider.script.append(how)
    process = Process(world)
    world.ask(an_unread_request())
    await process.turns(2)
    assert [gap.count for gap in world.account().gaps] == [1]
    await asyncio.sleep(5)
    await process.turns()
    assert sorted(map(str, published(world))) == ["m-1", "m-2", "m-3"]
    assert (world.account().gaps, UNREAD in world.state) == ((), False)


@in_virtual_time
async def test_a_provider_that_was_not_reached_leaves_a_gap_and_is_asked_again() -> None:
    """No error tells whether the request was seen; the wish stays, and waits longer after each failure."""
    world = World()
    world.provider.script.extend([How.UNREACHED] * 4)
    world.provider.log_is_up = False
    process = Process(world)
    world.ask(an_unread_request())
    asked_at: list[float] = []
    while len(asked_at) < 5:
        before = len(world.provider.intents)
        await process.turn()
        asked_at += [passed()] * (len(world.provider.intents) - before)
        await asyncio.sleep(0.05)
    waits = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
    assert waits == pytest.approx([0.5, 1, 2, 4], abs=0.2)
    assert [gap.count for gap in world.account().gaps] == [4]


@in_virtual_time
async def test_wrong_credentials_are_no_gap_and_nobody_expires() -> None:
    """Nothing can have been handed out, and nothing may be said of what nobody could ask about."""
    world = World()
    world.provider.script.extend([How.REFUSED] * 3)
    process = Process(world)
    world.ask(a_voice_request(follow=True, expires_at=after(1)))
    for _ in range(3):
        await process.turns()
        await asyncio.sleep(3)
    assert (len(filters(world)), world.account().gaps, world.events) == (3, (), [])
    world.provider.knows("m-1")
    await process.turns()
    assert published(world) == ["m-1"]


@in_virtual_time
async def test_a_request_that_fails_until_it_expires_is_let_go() -> None:
    """A request for unread reports has nothing to publish; nothing is left of it, and nothing more is asked."""
    world = World()
    process = Process(world)
    world.provider.script.extend([How.UNREACHED] * 99)
    world.ask(an_unread_request(expires_at=after(3)))
    for _ in range(20):
        await process.turns(2)
        await asyncio.sleep(1)
    assert UNREAD not in world.state
    count = len(filters(world))
    await asyncio.sleep(60)
    await process.turns()
    assert len(filters(world)) == count


@in_virtual_time
async def test_a_request_that_always_fails_does_not_stand_in_the_way_of_the_others() -> None:
    """It goes to the end of the queue each time."""
    world = World()
    process = Process(world)
    world.provider.script.extend([How.UNREACHED, How.FINE, How.UNREACHED])
    world.ask(an_unread_request(bulk_id="b-1"), an_unread_request(bulk_id="b-2"))
    for _ in range(6):
        await process.turns(2)
        await asyncio.sleep(1)
    assert filters(world) == [("b-1", None), ("b-2", None), ("b-1", None), ("b-1", None)]


@in_virtual_time
async def test_nothing_is_settled_while_a_gap_may_hold_the_report() -> None:
    """A request for one message ends only when the log told, though a second drain brought nothing."""
    world = World()
    world.provider.knows("m-1")
    world.provider.script.append(How.LOST)
    world.provider.log_is_up = False
    process = Process(world)
    world.ask(a_voice_request(follow=False))
    for _ in range(5):
        await process.turns(2)
        await asyncio.sleep(1)
    assert (len(filters(world)), M1 in world.state, world.events) == (2, True, [])
    world.provider.log_is_up = True
    await asyncio.sleep(120)
    await process.turns()
    assert [event.request_id for event in world.events] == ["req-1", "req-1"]


@in_virtual_time
async def test_without_a_log_a_gap_settles_nothing_and_holds_nothing() -> None:
    """Nothing will ever close it, so requests end with the next drain that is answered."""
    world = World()
    world.provider.log_is_there = False
    world.provider.script.append(How.LOST)
    process = Process(world)
    world.ask(an_unread_request())
    for _ in range(5):
        await process.turns(2)
        await asyncio.sleep(1)
    assert (len(world.account().gaps), UNREAD in world.state) == (1, False)


@in_virtual_time
async def test_what_cannot_be_read_of_a_page_becomes_dead_letters_with_it() -> None:
    """In the transaction that publishes the rest."""
    world = World()
    world.provider.knows("m-1")
    world.provider.script.append(How.SPOILT)
    process = Process(world)
    world.ask(an_unread_request())
    await process.turns()
    assert [(letter.key, letter.value) for letter in world.letters] == [(b"0/0", SPOILT)]
    assert world.account().last == Drained(
        drain_id=world.provider.intents[0].drain_id, answered_at=world.account().last.answered_at, status=200,
        reports=1, count=2,
    )  # fmt: skip


@in_virtual_time
async def test_no_drain_begins_while_kafka_does_not_take_what_was_read() -> None:
    """One body at most is in danger."""
    world = World(held=True)
    process = Process(world)
    world.ask(a_call())
    await process.turns(2)
    for _ in range(3):
        world.acknowledge(Taken.REFUSED)
        await asyncio.sleep(20)
        await process.turns()
    assert (len(filters(world)), process.drains.delayed) == (1, True)
    world.held = False
    world.acknowledge(Taken.ONCE)
    await process.turns()
    assert not process.drains.delayed
    assert len(filters(world)) == 2
