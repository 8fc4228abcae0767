"""An account's drains in its slot, without Kafka: what is wanted, what is asked, what the answers change."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from relay.core.collecting import Drained, NoAnswer
from relay.core.model import EventType, Request
from relay.slot import raw
from relay.slot.answers import FRAGMENT_SECONDS
from relay.slot.drains import ASK_WITHIN_SECONDS, KEEP_SECONDS
from relay.slot.keys import message_key, unread_key
from tests.builders import a_sent, after
from tests.collected import ACCOUNT, a_voice_request, an_unread_request, collecting
from tests.slot.stored import a_response, stored
from tests.slot.voice_process import Process
from tests.slot.voice_world import BREAKS_OFF, SPOILT, TIMEOUT_SECONDS, How, Taken, World, the_report
from tests.virtual_time import in_virtual_time, passed, settled

M1 = message_key(ACCOUNT, "m-1")
UNREAD = unread_key(ACCOUNT, None)
OVER_SECONDS = ASK_WITHIN_SECONDS + TIMEOUT_SECONDS + KEEP_SECONDS
LIMITED = collecting(limit=2)


def a_call(number: int = 1) -> Request:
    """Return a MessageSent for a call that was made at noon."""
    return a_sent(account=ACCOUNT, message_id=f"m-{number}")


def published(world: World) -> list[str | None]:
    """Return the messages of the events, each once."""
    return list(dict.fromkeys(event.message_id for event in world.events))


def filters(world: World) -> list[tuple[str | None, str | None]]:
    """Return what was asked for, in its order."""
    return [intent.filter for intent in world.provider.intents]


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


# Failures


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


# Answers that come twice, late, in pieces or from nowhere


@in_virtual_time
async def test_an_answer_that_is_stored_twice_changes_nothing_the_second_time() -> None:
    """Neither events nor dead letters nor the account, only the offset."""
    world = World()
    world.provider.knows("m-1")
    world.provider.script.append(How.SPOILT)
    process = Process(world)
    world.ask(an_unread_request())
    await process.turns()
    state, events, letters = dict(world.state), list(world.events), list(world.letters)
    world.raw.append(replace(world.raw[0], offset=1))
    await process.turns()
    assert (world.state, world.events, world.letters, world.next_raw) == (state, events, letters, 2)


@in_virtual_time
async def test_a_large_page_is_decided_by_the_chunk() -> None:
    """The intent closes with the first one, the offset passes with the last; what is read again is silent."""
    world = World()
    world.provider.knows(*(f"m-{number}" for number in range(7)))
    process = Process(world)
    world.ask(an_unread_request())
    await process.turn()
    turn = await process.turn(limit=2)
    assert turn is not None
    assert (world.account().intent, world.next_raw, len(published(world))) == (None, 0, 2)
    process.die()
    process = Process(world)
    for _ in range(8):
        await process.turn(limit=2)
    assert (world.next_raw, len(published(world))) == (len(world.raw), 7)
    assert [event.sequence for event in world.events if event.type is not EventType.ANSWERED] == [1] * 7


@in_virtual_time
async def test_a_large_page_is_the_only_drain_of_its_request() -> None:
    """The wish is fulfilled with the last chunk; no second drain is begun for it before."""
    world = World()
    world.provider.knows(*(f"m-{number}" for number in range(7)))
    process = Process(world)
    world.ask(an_unread_request())
    for _ in range(12):
        await process.turn(limit=2)
    assert filters(world) == [(None, None)]


@in_virtual_time
async def test_an_intent_of_a_dead_owner_becomes_a_gap() -> None:
    """Only when its GET and its append can't come any more; meanwhile nobody else drains."""
    world = World()
    world.provider.knows("m-1")
    world.provider.held = True
    process = Process(world)
    world.ask(a_call())
    await process.turns(2)
    process.die()
    world.provider.answer(How.FINE)
    world.provider.held = False
    process = Process(world)
    await asyncio.sleep(OVER_SECONDS - 0.1)
    await process.turns()
    assert (len(filters(world)), world.account().gaps) == (1, ())
    await asyncio.sleep(0.2)
    await process.turn()
    assert [gap.why for gap in world.account().gaps] == ["interrupted"]
    await asyncio.sleep(5)
    await process.turns()
    assert (published(world), world.account().gaps) == (["m-1"], ())


@in_virtual_time
async def test_an_answer_that_a_dead_owner_stored_is_decided_by_the_next() -> None:
    """There is no gap, and the rest of the pages follows."""
    world = World()
    world.provider.knows("m-0", "m-1", "m-2")
    process = Process(world, LIMITED)
    world.ask(a_call(0))
    await process.turns(2)
    assert len(world.raw) == 1
    process.die()
    process = Process(world, LIMITED)
    await process.turns()
    assert (sorted(map(str, published(world))), world.account().gaps) == (["m-0", "m-1", "m-2"], ())


@in_virtual_time
async def test_a_late_answer_closes_the_gap_that_it_left() -> None:
    """A process that lost the slot stores what it read; the new owner decides it, however late."""
    world = World(held=True)
    world.provider.log_is_up = False
    world.provider.knows("m-1")
    former = Process(world)
    world.ask(a_call())
    await former.turns(2)
    former.let_go()
    process = Process(world)
    await asyncio.sleep(OVER_SECONDS + 1)
    await process.turn()
    assert len(world.account().gaps) == 1
    world.held = False
    world.acknowledge(Taken.ONCE)
    await process.turns()
    assert (published(world), world.account().gaps) == (["m-1"], ())


@in_virtual_time
async def test_the_same_process_waits_for_its_own_drain() -> None:
    """Its slot was acquired anew while the body waits for Kafka: that is no gap, however long it takes."""
    world = World(held=True)
    world.provider.knows("m-1")
    process = Process(world)
    world.ask(a_call())
    await process.turns(2)
    process.let_go()
    process.own()
    await asyncio.sleep(60)
    await process.turns()
    assert world.account().gaps == ()
    world.held = False
    world.acknowledge(Taken.ONCE)
    await process.turns()
    await asyncio.sleep(5)
    await process.turns()
    assert (published(world), world.account().gaps) == (["m-1"], ())


@in_virtual_time
async def test_parts_that_come_together_after_they_were_given_up_are_decided() -> None:
    """A writer that heard nothing of its first part writes it again long after; the answer closes the gap."""
    world = World()
    process = Process(world)
    world.ask(an_unread_request())
    await process.turns()
    intent = world.provider.intents[0]
    response = a_response(response_id="another", body=b"m-1 m-2", account=ACCOUNT)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(raw, "PART_BYTES", 4)
        first, second = stored(response, offset=len(world.raw))
    world.raw.append(first)
    await process.turn()
    await asyncio.sleep(FRAGMENT_SECONDS + 1)
    await process.turns()
    assert (len(world.letters), world.next_raw, intent.bulk_id) == (1, len(world.raw), None)
    world.raw += [replace(first, offset=len(world.raw)), replace(second, offset=len(world.raw) + 1)]
    await process.turns()
    assert published(world) == ["m-1", "m-2"]


@in_virtual_time
async def test_a_part_that_comes_again_after_its_answer_is_no_fragment() -> None:
    """It holds the offset for a while, and passes without a dead letter or a gap."""
    world = World()
    process = Process(world)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(raw, "PART_BYTES", 4)
        world.raw += stored(a_response(body=b"m-1 m-2"))
    world.raw.append(replace(world.raw[1], offset=2))
    await process.turns()
    assert (published(world), world.next_raw) == (["m-1", "m-2"], 2)
    await asyncio.sleep(FRAGMENT_SECONDS + 1)
    await process.turns()
    assert (world.next_raw, world.letters, world.account().gaps) == (3, [], ())


@in_virtual_time
@pytest.mark.parametrize("account", ["gone", ACCOUNT])
async def test_what_became_a_dead_letter_can_be_sent_again(account: str) -> None:
    """Bytes of an account that was not configured, or that could not be read, are decided when they come again."""
    world = World()
    process = Process(world)
    body = b"m-1" if account == "gone" else b"?m-1"
    world.raw += stored(a_response(account=account, body=body))
    await process.turns()
    assert ([letter.value for letter in world.letters], world.events) == ([body], [])
    (readable,) = stored(a_response(account=ACCOUNT, body=b"m-1"), offset=1)
    world.raw.append(readable)
    await process.turns()
    assert published(world) == ["m-1"]


@in_virtual_time
async def test_a_report_of_an_answer_nobody_asked_for_is_decided() -> None:
    """Whoever stored it: what is in the raw topic is published."""
    world = World()
    process = Process(world)
    world.raw += stored(a_response(body=b"m-4 " + BREAKS_OFF))
    await process.turns()
    assert (published(world), len(world.letters), world.account().gaps) == (["m-4"], 1, ())


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
