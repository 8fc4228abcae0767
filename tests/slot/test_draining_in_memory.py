"""An account's drains in its slot, without Kafka: what is wanted, what is asked, and when."""

import asyncio

from relay.core.collecting import NoAnswer
from relay.core.model import EventType
from relay.slot.drains import ASK_WITHIN_SECONDS
from relay.slot.keys import message_key
from tests.builders import after
from tests.collected import ACCOUNT, a_voice_request, an_unread_request
from tests.slot.drained import LIMITED, OVER_SECONDS, UNREAD, a_call, filters, published
from tests.slot.voice_process import Process
from tests.slot.voice_provider import How, the_report
from tests.slot.voice_world import Taken, World
from tests.virtual_time import in_virtual_time, passed, settled

# What is asked


@in_virtual_time
async def test_a_request_is_an_intent_a_stored_answer_and_events() -> None:
    """Each step is stored before the next is made; in the end nothing is under way."""
    world = World(held=True)
    world.provider.knows("m-1", "m-2")
    world.provider.held = True
    process = Process(world)
    world.ask(a_voice_request(follow=False))
    turn = await process.turn()
    intent = world.account().intent
    assert (turn is not None and turn.next_offset, filters(world), intent.filter) == (1, [(None, "m-1")], (None, "m-1"))
    world.provider.answer(How.FINE)
    await settled()
    assert await process.turn() is None
    world.acknowledge(Taken.ONCE)
    assert (len(world.raw), world.raw[0].value) == (1, b"m-1")
    await process.turn()
    assert [event.type for event in world.events] == [EventType.DELIVERED, EventType.ANSWERED]
    assert [event.request_id for event in world.events] == ["req-1", "req-1"]
    assert world.account().intent is None
    assert world.account().last.reports == 1
    assert (world.next_raw, world.provider.unread) == (1, ["m-2"])


@in_virtual_time
async def test_many_requests_of_one_filter_are_one_drain() -> None:
    """All of them are answered by it, and nothing more is asked."""
    world = World()
    process = Process(world)
    world.ask(*(an_unread_request(request_id=f"req-{number}") for number in range(20)))
    await process.turns()
    assert filters(world) == [(None, None)]
    assert UNREAD not in world.state


@in_virtual_time
async def test_a_drain_of_everything_serves_the_narrower_wishes() -> None:
    """What was asked for first is asked first; what it covers needs no drain of its own."""
    world = World()
    world.provider.knows("m-1", "m-2")
    process = Process(world)
    world.ask(an_unread_request(), an_unread_request(bulk_id="b-1"), a_voice_request(message_id="m-2", follow=False))
    await process.turns()
    assert filters(world) == [(None, None)]
    assert published(world) == ["m-1", "m-2"]
    assert not [key for key in world.state if key.startswith(b"lookup/")]


@in_virtual_time
async def test_narrow_wishes_are_asked_one_after_the_other() -> None:
    """Each filter gets its drain, in the order of the requests."""
    world = World()
    process = Process(world)
    world.ask(*(an_unread_request(bulk_id=f"b-{number}") for number in range(3)))
    await process.turns()
    assert filters(world) == [("b-0", None), ("b-1", None), ("b-2", None)]


@in_virtual_time
async def test_a_request_during_a_drain_gets_a_drain_of_its_own() -> None:
    """What becomes known while the first one is answered belongs to the second."""
    world = World()
    world.provider.held = True
    process = Process(world)
    world.ask(an_unread_request())
    await process.turn()
    world.ask(an_unread_request(request_id="req-2", received_at=after(1)))
    await process.turn()
    world.provider.answer(How.FINE)
    world.provider.knows("m-1")
    world.provider.held = False
    await process.turns()
    assert filters(world) == [(None, None)] * 2
    assert published(world) == ["m-1"]


@in_virtual_time
async def test_pending_messages_are_drained_for_again_and_again() -> None:
    """At once when the first is pending, then every `drain_seconds`; with nothing pending nothing is asked."""
    world = World()
    process = Process(world)
    await process.turns()
    assert filters(world) == []
    world.ask(a_call())
    asked_at = []
    for _ in range(100):
        before = len(world.provider.intents)
        await process.turns(2)
        if len(world.provider.intents) > before:
            asked_at.append(round(passed()))
        await asyncio.sleep(0.5)
    assert asked_at == [0, 10, 20, 30, 40]
    world.provider.knows("m-1")
    await asyncio.sleep(10)
    await process.turns()
    await asyncio.sleep(60)
    await process.turns()
    assert len(filters(world)) == 6
    assert set(filters(world)) == {(None, None)}


@in_virtual_time
async def test_what_nobody_asked_about_is_published_too() -> None:
    """A drain of everything brings reports of messages that are not known here; they name no request."""
    world = World()
    world.provider.knows("m-5", "m-3")
    process = Process(world)
    world.ask(an_unread_request())
    await process.turns()
    assert published(world) == ["m-5", "m-3"]
    assert {event.request_id for event in world.events} == {None}


@in_virtual_time
async def test_requests_wait_no_longer_than_two_intervals_before_what_is_pending() -> None:
    """A crowd of narrow wishes goes first, but messages that are pending must not wait for its end."""
    world = World()
    process = Process(world)
    world.ask(a_call(), *(an_unread_request(bulk_id=f"b-{number}") for number in range(60)))
    for _ in range(60):
        await process.turn()
        await asyncio.sleep(1.0)
    assert filters(world).index((None, None)) <= 22


# Full pages


@in_virtual_time
async def test_a_full_page_is_followed_by_the_next_in_the_same_turn() -> None:
    """One transaction closes an intent and makes the next, until a page isn't full."""
    world = World()
    world.provider.knows(*(f"m-{number}" for number in range(5)))
    process = Process(world, LIMITED)
    world.ask(an_unread_request(bulk_id="b-0"))
    await process.turn()
    turn = await process.turn()
    assert turn is not None
    assert (len(turn.intents), len({event.message_id for event in turn.events})) == (1, 2)
    await process.turns()
    assert filters(world) == [("b-0", None)] * 2
    assert published(world) == ["m-0", "m-2", "m-4"]
    assert world.state.keys() == {b"account/voice_eu", *(message_key(ACCOUNT, f"m-{each}") for each in (0, 2, 4))}


@in_virtual_time
async def test_a_full_page_is_drained_to_its_end_even_if_nothing_is_pending_any_more() -> None:
    """Also by another process: the wish for the rest is stored with the page."""
    world = World()
    world.provider.knows(*(f"m-{number}" for number in range(5)))
    process = Process(world, LIMITED)
    world.ask(a_call(0))
    await process.turns(3)
    assert published(world) == ["m-0", "m-1"]
    assert UNREAD in world.state
    process.die()
    process = Process(world, LIMITED)
    await asyncio.sleep(OVER_SECONDS)
    await process.turns()
    await asyncio.sleep(5)
    await process.turns()
    assert len(published(world)) == 5
    assert UNREAD not in world.state


@in_virtual_time
async def test_a_requests_limit_is_the_page() -> None:
    """It is asked with, and told apart from a full page by it."""
    world = World()
    world.provider.knows("m-0", "m-1", "m-2")
    process = Process(world)
    world.ask(an_unread_request(limit=1))
    await process.turns()
    assert [intent.limit for intent in world.provider.intents] == [1, 1, 1, 1]
    assert len(published(world)) == 3


def requests_of(world: World) -> dict[str | None, tuple[str | None, str | None]]:
    """Return of each message the ids of the request that its events carry."""
    return {event.message_id: (event.request_id, event.correlation_id) for event in world.events}


@in_virtual_time
async def test_what_a_drain_of_a_bulk_brings_carries_the_ids_of_its_request() -> None:
    """On every page; what nobody asked about names no request."""
    world = World()
    world.provider.knows(*(f"m-{number}" for number in range(8)))
    process = Process(world, LIMITED)
    world.ask(an_unread_request(bulk_id="b-1", request_id="req-b", correlation_id="c-b"))
    await process.turns()
    assert requests_of(world) == dict.fromkeys(("m-1", "m-3", "m-5", "m-7"), ("req-b", "c-b"))
    world.ask(an_unread_request(request_id="req-u", received_at=after(passed())))
    await process.turns()
    assert {requests_of(world)[f"m-{number}"] for number in (0, 2, 4, 6)} == {(None, None)}


@in_virtual_time
async def test_a_bulk_that_a_wider_drain_brings_carries_the_ids_of_the_newest_request() -> None:
    """A request for the message itself may be newer, or older."""
    world = World()
    world.provider.knows("m-0", "m-1", "m-3", "m-5")
    process = Process(world)
    world.ask(
        an_unread_request(request_id="req-u"),
        an_unread_request(bulk_id="b-1", request_id="req-b", received_at=after(1)),
        a_voice_request(message_id="m-3", request_id="req-3", received_at=after(2)),
        a_voice_request(message_id="m-5", request_id="req-5", received_at=after(-1)),
    )
    await process.turns()
    requests = {message: request for message, (request, _) in requests_of(world).items()}
    assert filters(world)[0] == (None, None)
    assert requests == {"m-0": None, "m-1": "req-b", "m-3": "req-3", "m-5": "req-b"}


# Time


@in_virtual_time
async def test_a_process_that_stood_still_does_not_ask() -> None:
    """The intent is withdrawn without a gap, and the wish gets another a moment later."""
    world = World()
    process = Process(world)
    world.ask(an_unread_request())
    process.fetch()
    turn = process.decided()
    assert turn is not None
    process.committed(turn)
    await asyncio.sleep(ASK_WITHIN_SECONDS + 1)
    process.apply(turn)
    await settled()
    assert filters(world) == []
    await process.turns()
    await asyncio.sleep(1)
    await process.turns()
    assert (len(filters(world)), world.account().gaps, UNREAD in world.state) == (1, (), False)


@in_virtual_time
async def test_a_process_that_stops_wants_nothing_more() -> None:
    """What is under way is stored; no other drain begins."""
    world = World()
    process = Process(world)
    world.ask(a_call())
    await process.turns(2)
    process.slot.stop_collecting()
    await asyncio.sleep(60)
    await process.turns()
    assert len(filters(world)) == 1


@in_virtual_time
async def test_a_drain_of_another_account_is_none_of_ours() -> None:
    """What is told of an account that has no collector here changes its state only."""
    world = World()
    process = Process(world)
    process.slot.tell("gone", NoAnswer(drain_id="d-9", why="timed_out"))
    assert await process.turn() is not None
    assert world.state == {}
    assert the_report("m-1").message_id == "m-1"
