"""Hostile records in the relay's own topics: each becomes one dead letter, what is beside it is done, nothing hangs."""

import asyncio
import uuid
from pathlib import Path

import pytest

from relay.contracts.dead_letter import DeadLetter, restore
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.messages import Message
from tests.poison.internals import FORGED, INBOX, RAW
from tests.poison.writing import write_alone
from tests.polling import eventually, eventually_async
from tests.running import World, world
from tests.slot.failpoints import __file__ as launcher

pytestmark = pytest.mark.kafka

GOOD_REQUESTS = 20


async def ask(relay: World, count: int) -> list[str]:
    """Have messages delivered and ask about them; return their ids."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    relay.simulator.send_many([Message(message_id=one, steps=(steps.delivered(0, "sms"),)) for one in ids])
    await asyncio.gather(*(relay.fetch(message_id=one) for one in ids))
    return ids


async def test_each_forged_record_is_one_letter_and_good_requests_pass(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Inbox and raw topic are passed to their ends, parts whose others never come included."""
    async with world(kafka.bootstrap_servers, tmp_path, partitions=1) as relay:
        relay.sections = f"""
            [accounts.voice]
            provider = "infobip_voice"
            base_url = "{relay.simulator.url}"
            username = "login"
            password = "password"
        """
        replica = await relay.started([launcher], environment={"FRAGMENT_SECONDS": "1"})
        good = await ask(relay, GOOD_REQUESTS)
        for name, forged in FORGED.items():
            headers, codec = forged.headers, forged.codec
            await write_alone(relay, forged.topic, forged.value, key=name.encode(), headers=headers, codec=codec)
        good += await ask(relay, GOOD_REQUESTS)
        await eventually(lambda: len(relay.letters()) >= len(FORGED), seconds=30, what="dead letters")
        for message_id in good:
            await relay.told(message_id, "delivered")

        async def passed() -> bool:
            lags = [await relay._lag(relay.group, relay.topics[name]) for name in (INBOX, RAW)]
            return lags == [0, 0]

        await eventually_async(passed, what="end of both topics")
        letters = [DeadLetter.model_validate(value) for value in relay.letters()]
        assert len(letters) == len(FORGED)
        restored = [(letter.reason.code, *restore(letter)) for letter in letters]
        for name, forged in FORGED.items():
            expected = (forged.code, name.encode(), forged.value, list(forged.headers))
            assert restored.count(expected) == 1, name
        assert not relay.events("forged") + relay.events("never-asked")
        assert replica.running
        assert not replica.lines("turn.failed")
