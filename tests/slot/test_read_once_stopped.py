"""Reports that are handed out once, when the process is asked to stop or Kafka is away while they are in its hands."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.polling import eventually, eventually_async
from tests.replica import Replica
from tests.slot.victims import UNLOGGED, loaded, proven, voice
from tests.voice import VoiceAccount, nothing_for

pytestmark = pytest.mark.kafka


async def test_an_orderly_end_during_a_drain_keeps_its_answer(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """SIGTERM while the provider is still answering: exit code 0, and no log is needed."""
    async with voice(kafka.bootstrap_servers, tmp_path, UNLOGGED) as account:
        replica = await account.relay.started()
        account.strike("delay", delay_seconds=1.5)
        await loaded(account)
        await eventually(lambda: account.simulator.stats().in_flight, what="drain")
        assert await replica.terminated() == 0
        assert account.handed_out()
        assert len(await account.bodies()) >= 1
        await account.relay.started()
        await proven(account)


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedKafka]:
    """Give a broker that the tests may kill, if they start it again."""
    with EmbeddedKafka.start() as started:
        yield started


async def _held_without_kafka(account: VoiceAccount, broker: EmbeddedKafka) -> Replica:
    """End the broker while a drain is under way, so that its answer can't be stored."""
    replica = await account.relay.started()
    account.strike("delay", delay_seconds=1.5)
    await loaded(account)
    await eventually(lambda: account.simulator.stats().in_flight, what="drain")
    await asyncio.to_thread(broker.kill)
    await eventually(account.handed_out, what="answer")

    async def unready() -> bool:
        return (await replica.get("/ready"))[0] == 503

    await eventually_async(unready, seconds=30, what="/ready to say no")
    return replica


async def test_a_body_that_kafka_would_not_take_is_kept_and_stored_later(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """Without Kafka no drain starts, and the body waits; with Kafka back it is published, without a log."""
    async with voice(broker.bootstrap_servers, tmp_path, UNLOGGED) as account:
        replica = await _held_without_kafka(account, broker)
        await nothing_for(4, lambda: account.asked)
        assert (await replica.get("/live"))[0] == 200
        await asyncio.to_thread(broker.restart)
        await replica.ready(60)
        await proven(account)
        assert replica.running
        assert account.simulator.stats().max_in_flight_by_account["infobip/login"] == 1


async def test_an_end_with_a_body_in_hand_says_which(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """SIGTERM while Kafka is away: exit code 1 within 30 s, naming the drain; the provider's log has the reports."""
    async with voice(broker.bootstrap_servers, tmp_path) as account:
        replica = await _held_without_kafka(account, broker)
        assert await replica.terminated() == 1
        await asyncio.to_thread(broker.restart)
        intent = (await account.kept())["intent"]["drain_id"]
        assert any(line.get("drain_id") == intent for line in replica.lines()[-20:])
        await account.relay.started()
        await proven(account)
