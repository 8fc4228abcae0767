"""Hostile records among good ones: each becomes one dead letter that gives back its bytes, and the stream goes on."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from relay.contracts.dead_letter import DeadLetter, restore
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.messages import Message
from tests.poison.inputs import FETCH, GOOD, GOOD_SENT, HOSTILE, NEVER_ASKED, SENT, Hostile, key_of
from tests.poison.writing import write_alone
from tests.polling import eventually
from tests.published import assert_well_published
from tests.running import World, world

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

ODD_BUT_GOOD = ("../../x?y#z", "%2e%2e", "a b+c&d=e", "id/with/../dots", "\u202eright-to-left", "💬" * 64)
EVERY = 10  # neighbours: one of so many is a call


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give a running relay with an account of either provider."""
    async with world(kafka.bootstrap_servers, tmp_path_factory.mktemp("relay"), partitions=1) as made:
        made.sections = f"""
            [accounts.voice]
            provider = "infobip_voice"
            base_url = "{made.simulator.url}"
            username = "login"
            password = "password"
            [accounts.voice.polling]
            drain_seconds = 0.5"""
        replica = await made.started()
        yield made
        assert replica.running
        assert not replica.lines("turn.failed")
        for record in made.seen:
            assert_well_published(record, made.partitions)
        assert await replica.terminated() == 0


def a_call(relay: World) -> tuple[str, Mapping[str, Any]]:
    """Place a call that was answered; return its topic and the record that announces it."""
    call = VoiceCall(message_id=f"call-{uuid.uuid4()}", endings=(ended(0, CallEnd.ANSWERED),))
    relay.simulator.send_call(call)
    return SENT, {**GOOD_SENT, "account": "voice", "message_id": call.message_id}


def a_message(relay: World, topic: str, name: str = "") -> tuple[str, Mapping[str, Any]]:
    """Have a message delivered; return the topic and a record that asks about it."""
    message = Message(message_id=f"{name}{uuid.uuid4()}", steps=(steps.delivered(0, "sms"),))
    relay.simulator.send(message)
    return topic, {**(GOOD if topic == FETCH else GOOD_SENT), "message_id": message.message_id}


def neighbours(relay: World) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a good record for each hostile one, in the same topic unless it is a call, and odd ones that are good."""
    topics = [hostile.topic for hostile in HOSTILE.values()]
    beside = [a_message(relay, topic) if n % EVERY else a_call(relay) for n, topic in enumerate(topics)]
    return beside + [a_message(relay, FETCH, odd) for odd in ODD_BUT_GOOD]


async def write(relay: World, name: str, hostile: Hostile) -> None:
    """Write a hostile record."""
    headers, key = hostile.headers, key_of(name, hostile)
    await write_alone(relay, hostile.topic, hostile.value, key=key, headers=headers, codec=hostile.codec)


async def test_each_hostile_record_is_one_restorable_letter_and_its_neighbours_pass(relay: World) -> None:
    """Good records before, between and after lead to their events; no record is lost, none refused twice."""
    good = neighbours(relay)
    for (name, hostile), neighbour in zip(HOSTILE.items(), good, strict=False):
        await relay.send(*neighbour, partition=0)
        await write(relay, name, hostile)
    await asyncio.gather(*(relay.send(*one, partition=0) for one in good[len(HOSTILE) :]))
    await eventually(lambda: len(relay.letters()) >= len(HOSTILE), seconds=40, what="dead letters")
    for _, record in good:
        await relay.told(record["message_id"], *(["delivered", "answered"][: 1 + (record["account"] == "voice")]))
    await relay.quiet()
    letters = [DeadLetter.model_validate(value) for value in relay.letters()]
    assert len(letters) == len(HOSTILE)
    restored = [(letter.reason.code, *restore(letter)) for letter in letters]
    for name, hostile in HOSTILE.items():
        expected = (hostile.code, key_of(name, hostile), hostile.value, list(hostile.headers))
        assert restored.count(expected) == 1, name
    assert not any(lookup.message_id == NEVER_ASKED for lookup in relay.simulator.lookups)
    letter_records = [seen for seen in relay.seen if seen.topic == "dead_letters"]
    assert all(seen.key == restore(DeadLetter.model_validate(seen.value))[0] for seen in letter_records)
