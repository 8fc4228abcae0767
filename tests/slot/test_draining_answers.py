"""Answers of drains that come twice, late, in pieces or from nowhere, decided in their slot without Kafka."""

import asyncio
from dataclasses import replace

import pytest

from relay.core.model import EventType
from relay.slot import raw
from relay.slot.answers import FRAGMENT_SECONDS
from tests.collected import ACCOUNT, an_unread_request
from tests.slot.drained import LIMITED, OVER_SECONDS, UNREAD, a_call, filters, published
from tests.slot.stored import a_response, stored
from tests.slot.voice_process import Process
from tests.slot.voice_provider import BREAKS_OFF, How
from tests.slot.voice_world import Taken, World
from tests.virtual_time import in_virtual_time, settled


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
    """It passes at once, without a dead letter or a gap."""
    world = World()
    process = Process(world)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(raw, "PART_BYTES", 4)
        world.raw += stored(a_response(body=b"m-1 m-2"))
    world.raw.append(replace(world.raw[1], offset=2))
    await process.turns()
    assert (published(world), world.next_raw) == (["m-1", "m-2"], 3)
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


@in_virtual_time
async def test_an_answer_that_a_replica_without_the_account_decides_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a configuration is rolled out: whoever knows the account looks into the log for its reports."""
    world = World()
    world.provider.knows("m-1", "m-2")
    world.provider.held = True
    process = Process(world)
    world.ask(a_call())
    await process.turns()
    process.let_go()
    world.provider.answer(How.FINE)
    await settled()
    stranger = Process(world)
    stranger.slot.close()
    stranger._collection._sources = {}
    stranger._collection._homes = {}
    monkeypatch.setattr(stranger, "_rules_of", lambda _: None)
    stranger.own()
    await stranger.turns()
    assert ([gap.why for gap in world.account().gaps], world.account().intent) == (["not_configured"], None)
    stranger.die()
    process = Process(world)
    await asyncio.sleep(OVER_SECONDS)
    await process.turns()
    assert (published(world), world.account().gaps) == (["m-1", "m-2"], ())


@in_virtual_time
async def test_a_request_that_comes_while_an_older_one_is_settled_survives_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The older one's end must not take the state away that the newer one waits by."""
    world = World()
    world.provider.knows(*(f"m-{number}" for number in range(6)))
    world.provider.held = True
    process = Process(world)
    world.ask(an_unread_request(request_id="r-1"))
    await process.turn()
    await process.turn()
    world.provider.answer(How.FINE)
    await settled()
    await process.turn(limit=4)
    source = process.slot.collectors[ACCOUNT]._source
    monkeypatch.setattr(source, "opens_at", lambda monotonic: monotonic + 60)  # it may not be asked now
    world.ask(an_unread_request(request_id="r-2"))
    await process.turn(limit=4)
    await process.turn(limit=4)
    assert UNREAD in world.state
    process.die()
    world.provider.held = False
    world.provider.knows("m-7")
    process = Process(world)
    await process.turns()
    assert "m-7" in published(world)


@in_virtual_time
async def test_without_a_log_a_lookup_ends_with_the_last_report_of_a_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with its first: the message's own may stand behind it, and would come after an inferred failure."""
    world = World()
    world.provider.log_is_there = False
    world.provider.knows(*(f"m-{number}" for number in range(6)))
    process = Process(world)
    told: list[int] = []
    log = process.slot.collectors[ACCOUNT]._source.log
    monkeypatch.setattr(log, "drained", lambda *_: told.append(len(published(world))))
    world.ask(an_unread_request())
    await process.turns(limit=2)
    assert told == [4]
