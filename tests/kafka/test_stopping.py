"""Ends while Kafka is away: a consumer's stop comes to its end, and so does a process."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from relay.kafka.abandoning import let_go
from relay.kafka.embedded.broker import EmbeddedKafka
from tests.chaos.load import Load
from tests.chaos.scene import scene
from tests.polling import eventually

pytestmark = pytest.mark.kafka

BACK_OFF_MILLISECONDS = 5_000


@contextlib.asynccontextmanager
async def deserted(folder: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a consumer whose broker was killed, and one of whose fetches waits before it is tried again."""
    with EmbeddedKafka.start(data=folder) as broker:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
        await admin.start()
        await admin.create_topics([NewTopic("read", 1, 1)])
        await admin.close()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap_servers, retry_backoff_ms=BACK_OFF_MILLISECONDS, enable_auto_commit=False
        )
        await consumer.start()
        consumer.assign([TopicPartition("read", 0)])
        await consumer.seek_to_beginning()
        await eventually(lambda: consumer._fetcher._pending_tasks, what="fetch")
        broker.kill()
        await eventually(lambda: "Failed fetch messages" in caplog.text, what="failed fetch")
        yield consumer


async def test_a_consumer_of_a_lost_broker_stops_half_way(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What `let_go` is for: aiokafka's own stop raises as if its caller had been cancelled."""
    async with deserted(tmp_path, caplog) as consumer:
        with pytest.raises(asyncio.CancelledError):
            await consumer.stop()
        await consumer._client.close()


async def test_reading_is_stopped_although_the_broker_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is raised, and the connections are closed."""
    async with deserted(tmp_path, caplog) as consumer:
        await let_go(consumer)
        assert consumer._client._sync_task is None or consumer._client._sync_task.done()


async def test_replicas_end_in_order_when_kafka_goes_away_with_them(tmp_path: Path) -> None:
    """SIGTERM in the moment in which the broker is killed: exit code 0 and no traceback."""
    with EmbeddedKafka.start(data=tmp_path / "kafka") as broker:
        async with scene([broker], tmp_path) as made:
            loading = asyncio.create_task(Load(made.world, random.Random(1), messages=30, calls=0).run())
            await made.flowing()
            pair = [made.retire(replica) for replica in [*made.live]]
            await asyncio.to_thread(broker.kill)
            assert await asyncio.gather(*(replica.terminated() for replica in pair)) == [0, 0]
            assert not [replica for replica in pair if "Traceback" in replica.log.read_text()]
            loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loading
