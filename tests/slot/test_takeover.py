"""What a new owner finds: replays change nothing, state comes back, idle polling writes nothing, Kafka may go away."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.messages import Message, Step
from tests.offsets import rewind
from tests.polling import eventually, eventually_async
from tests.running import World, world

pytestmark = pytest.mark.kafka

POLLING = {"initial_seconds": 0.2, "factor": 1.2, "max_seconds": 0.5}


def a_message(relay: World, *script: Step, extra_id: str | None = None) -> str:
    """Give the provider a message and return its id."""
    message_id = str(uuid.uuid4())
    relay.simulator.send(Message(message_id=message_id, extra_id=extra_id, steps=script))
    return message_id


def asked(relay: World, message_id: str) -> int:
    """Count the lookups of a message."""
    return sum(lookup.message_id == message_id for lookup in relay.simulator.lookups)


async def test_a_replay_of_everything_publishes_nothing(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Inputs and inbox are read again from their beginnings: every fact is known, by either id."""
    async with world(kafka.bootstrap_servers, tmp_path, polling=POLLING) as relay:
        first = await relay.started()
        extra_id = str(uuid.uuid4())
        told = {
            a_message(relay, steps.seen(0, "viber")): ("delivered", "seen"),
            a_message(relay, steps.expired(0, "sms")): ("failed",),
            a_message(relay, steps.delivered(0, "sms"), extra_id=extra_id): ("delivered",),
        }
        for message_id in told:
            await relay.fetch(message_id=message_id)
        await relay.fetch(extra_id=extra_id)
        await relay.send("fetch_requests", b"no JSON")
        for message_id, types in told.items():
            await relay.told(message_id, *types)
        await eventually(relay.letters, what="dead letter")
        await relay.quiet()
        assert await first.terminated() == 0
        before = len(relay.seen)
        for topic in (relay.topics["fetch_requests"], relay.topics["messages_sent"]):
            await rewind(relay, f"{relay.group}.ingest.{topic}", topic)
        await rewind(relay, relay.group, relay.topics["inbox"])
        second = await relay.started()
        await relay.quiet()
        await eventually(lambda: len(second.lines("request.accepted")) >= 2 * len(told) + 2, what="replayed requests")
        await relay.fetch(message_id=(last := a_message(relay, steps.delivered(0, "sms"))))
        await relay.told(last, "delivered")
        again = [record for record in relay.seen[before:] if record.value.get("message_id") != last]
        assert [record.topic for record in again] == ["dead_letters"]
        assert len({letter["dead_letter_id"] for letter in relay.letters()}) == 1


async def test_pending_messages_and_seen_watches_survive_a_crash(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A killed process's heir follows on: the pending to their outcome, the delivered to `seen`."""
    async with world(kafka.bootstrap_servers, tmp_path, polling=POLLING) as relay:
        first = await relay.started()
        pending = a_message(relay, steps.accepted(0), steps.delivered(6, "sms"))
        watched = a_message(relay, steps.delivered(0, "viber"), steps.seen(6, "viber"))
        for message_id in (pending, watched):
            await relay.fetch(message_id=message_id, request_id=message_id)
        await relay.told(watched, "delivered")
        await relay.quiet()
        first.kill()
        await relay.started()
        (delivered,) = await relay.told(pending, "delivered", seconds=40)
        assert delivered["request_id"] == pending
        _, seen = await relay.told(watched, "delivered", "seen", seconds=40)
        assert (seen["sequence"], seen["request_id"]) == (2, watched)


async def test_polls_without_news_write_nothing(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Hundreds of answers that say "pending" or "unknown" cost no Kafka record at all, not even a marker."""
    async with world(kafka.bootstrap_servers, tmp_path, polling=POLLING) as relay:
        await relay.started()
        ids = [a_message(relay, steps.accepted(0)) for _ in range(20)] + [str(uuid.uuid4()) for _ in range(20)]
        for message_id in ids:
            await relay.fetch(message_id=message_id)
        await relay.quiet()
        await eventually(lambda: all(asked(relay, one) > 1 for one in ids), what="polls")
        before, polls = await _all_ends(relay), relay.simulator.stats().requests
        await eventually(lambda: relay.simulator.stats().requests > polls + 200, what="polls")
        assert await _all_ends(relay) == before


async def _all_ends(relay: World) -> dict[TopicPartition, int]:
    """Return the ends of every topic of the relay; markers of transactions count."""
    ends: dict[TopicPartition, int] = {}
    for topic in relay.topics.values():
        ends |= await relay.ends(topic)
    return ends


async def test_the_brokers_restart_is_lived_through(tmp_path: Path) -> None:
    """Killed under load and started again, Kafka finds the same process going on: nothing lost, nothing twice."""
    with EmbeddedKafka.start(data=tmp_path / "kafka") as broker:
        async with world(broker.bootstrap_servers, tmp_path, polling=POLLING) as relay:
            replica = await relay.started()
            ids = [a_message(relay, steps.accepted(0), steps.delivered(3, "sms")) for _ in range(50)]
            for message_id in ids:
                await relay.fetch(message_id=message_id)
            await relay.quiet()
            broker.kill()
            down_at = time.monotonic()
            await eventually(lambda: time.monotonic() > down_at + 4, what="outage")
            assert (await replica.get("/live"))[0] == 200
            await asyncio.to_thread(broker.restart)
            for message_id in ids:
                await relay.told(message_id, "delivered", seconds=60)
            await relay.fetch(message_id=(last := a_message(relay, steps.delivered(0, "sms"))))
            await relay.told(last, "delivered", seconds=30)
            await replica.ready()
            assert replica.running


async def test_a_relay_that_finds_no_kafka_waits_and_says_why(tmp_path: Path) -> None:
    """/live is 200 and /ready 503 with the reason; once Kafka comes, the relay works without a restart."""
    with EmbeddedKafka.start(data=tmp_path / "kafka") as broker:
        async with world(broker.bootstrap_servers, tmp_path) as relay:
            broker.kill()
            replica = relay.start()

            async def explained() -> bool:
                status, body = await replica.get("/ready")
                return status == 503 and "KafkaConnectionError" in body

            await eventually_async(explained, what="explanation")
            assert (await replica.get("/live"))[0] == 200
            await asyncio.to_thread(broker.restart)
            await replica.ready(60)
            await relay.fetch(message_id=(one := a_message(relay, steps.delivered(0, "sms"))))
            await relay.told(one, "delivered", seconds=30)


async def test_offsets_that_hang_are_passed_over(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A transaction on the group's offsets that Kafka never ends stops nobody for ever, and repeats nothing."""
    async with world(kafka.bootstrap_servers, tmp_path, polling=POLLING) as relay:
        first = await relay.started()
        relay.simulator.send(Message(message_id="m-1", steps=(steps.delivered(0, "sms"),)))
        await relay.fetch(message_id="m-1")
        await relay.told("m-1", "delivered")
        assert await first.terminated() == 0
        async with hanging(relay):
            environment = {"HANGING_SECONDS": "2"}
            second = await relay.started(("-m", "tests.chaos.launcher"), environment=environment)
            (line,) = second.lines("offsets.bypassed")
            assert line["level"] == "error"
            await relay.fetch(message_id="m-1")
            relay.simulator.send(Message(message_id="m-2", steps=(steps.delivered(0, "sms"),)))
            await relay.fetch(message_id="m-2")
            await relay.told("m-2", "delivered")
            await relay.quiet()
            await relay.told("m-1", "delivered")


@contextlib.asynccontextmanager
async def hanging(relay: World) -> AsyncIterator[None]:
    """Leave a transaction open that has offsets of the slots' group, of each partition, where nothing is yet."""
    producer = AIOKafkaProducer(bootstrap_servers=relay.bootstrap_servers, transactional_id=f"{relay.prefix}:hanging")
    await producer.start()
    try:
        await producer.begin_transaction()
        topics = (relay.topics["inbox"], relay.topics["raw"])
        places = {TopicPartition(topic, number): 1000 for topic in topics for number in range(relay.partitions)}
        await producer.send_offsets_to_transaction(places, relay.group)
        yield
        await producer.abort_transaction()
    finally:
        await producer.stop()
