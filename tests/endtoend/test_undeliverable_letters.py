"""Dead letters that can't be written: nothing is dropped, the relay waits and says so, and goes on when it can."""

import json
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from relay.contracts.dead_letter import DeadLetter, restore
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.messages import Message
from tests.polling import eventually, eventually_async
from tests.replica import Replica
from tests.running import LARGE, World, world
from tests.slot.failpoints import __file__ as launcher

pytestmark = pytest.mark.kafka

HOSTILE = b"{not json"


async def managed(relay: World, act: Callable[[AIOKafkaAdminClient, str], Awaitable[Any]]) -> None:
    """Do something with the topic of the dead letters."""
    admin = AIOKafkaAdminClient(bootstrap_servers=relay.bootstrap_servers)
    await admin.start()
    try:
        await act(admin, relay.topics["dead_letters"])
    finally:
        await admin.close()


async def removed(relay: World) -> None:
    """Take the topic of the dead letters away."""
    await managed(relay, lambda admin, name: admin.delete_topics([name]))


async def restored(relay: World) -> None:
    """Create the topic of the dead letters again."""
    await managed(relay, lambda admin, name: admin.create_topics([NewTopic(name, 1, 1, topic_configs=LARGE)]))


def a_message(relay: World) -> dict[str, Any]:
    """Have a message delivered; return the fields that ask about it."""
    message = Message(message_id=str(uuid.uuid4()), steps=(steps.delivered(0, "sms"),))
    relay.simulator.send(message)
    return {"account": "main", "message_id": message.message_id}


async def waits(replica: Replica, relay: World) -> None:
    """Wait until the process says that it can't write dead letters: in its log, and in /ready."""

    def sources() -> set[str]:
        lines = replica.lines("dead_letters.delayed")
        assert all((line["level"], line["topic"]) == ("error", relay.topics["dead_letters"]) for line in lines)
        return {line["source"] for line in lines}

    expected = {relay.topics["fetch_requests"], "slots"}
    await eventually(lambda: sources() == expected, seconds=40, what="dead_letters.delayed of ingest and slots")

    async def told() -> bool:
        status, body = await replica.get("/ready")
        return (status, json.loads(body).get("topics")) == (503, [relay.topics["dead_letters"]])

    await eventually_async(told, what="word of the topic in /ready")
    await eventually_async(lambda: says_ready(replica, "0.0"), what="relay_ready at 0")
    assert (await replica.get("/live"))[0] == 200


async def is_ready(replica: Replica) -> bool:
    """Tell whether the process says that it is ready."""
    return (await replica.get("/ready"))[0] == 200


async def says_ready(replica: Replica, value: str) -> bool:
    """Tell whether the metric has this value."""
    return "\nrelay_ready " + value in (await replica.get("/metrics"))[1]


async def test_refused_records_wait_for_the_topic_of_dead_letters(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Without the topic no offset is committed and nothing passes them; with it the letters are written, once."""
    async with world(kafka.bootstrap_servers, tmp_path, partitions=1) as relay:
        replica = await relay.started([launcher], environment={"ATTEMPT_SECONDS": "2", "TRANSACTION_SECONDS": "2"})
        await removed(relay)
        groups = {
            "fetch_requests": f"{relay.group}.ingest.{relay.topics['fetch_requests']}",
            "inbox": relay.group,
        }
        for topic in groups:
            await relay.send(topic, HOSTILE + topic.encode())
        await waits(replica, relay)
        behind = a_message(relay)
        await relay.fetch(**behind)
        assert all([await relay._lag(group, relay.topics[topic]) for topic, group in groups.items()])
        assert not relay.events(behind["message_id"])
        await restored(relay)
        await relay.told(behind["message_id"], "delivered", seconds=60)
        await eventually(lambda: len(relay.letters()) >= len(groups), seconds=30, what="dead letters")
        await relay.quiet()
        letters = [restore(DeadLetter.model_validate(letter))[1] for letter in relay.letters()]
        assert sorted(map(str, letters)) == sorted(str(HOSTILE + topic.encode()) for topic in groups)
        await eventually_async(lambda: is_ready(replica), what="/ready")
        await eventually_async(lambda: says_ready(replica, "1.0"), what="relay_ready at 1")
        assert await replica.terminated() == 0
