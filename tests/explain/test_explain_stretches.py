"""Windows of time in a real Kafka: where they open and close, with any timestamps, and what nobody took yet."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from relay.configuration import Settings
from relay.explain.entries import Found
from relay.explain.reading import reads_of
from relay.explain.windows import WHOLE, Window, milliseconds
from relay.kafka.connection import client_options
from relay.kafka.groups import ingest_group

pytestmark = pytest.mark.kafka
BEGAN_AT = datetime.now(UTC) - timedelta(hours=20)  # Kafka takes no timestamp of the future, nor keeps old ones


def at(hour: float) -> datetime:
    """Return an instant so many hours after the beginning."""
    return BEGAN_AT + timedelta(hours=hour)


async def written(settings: Settings, topic: str, hours: Sequence[float | None]) -> None:
    """Write a record for each hour after the beginning, its offset for a value; None: one without a timestamp."""
    producer = AIOKafkaProducer(**client_options(settings.kafka))
    await producer.start()
    try:
        for offset, hour in enumerate(hours):
            timestamp = -1 if hour is None else milliseconds(at(hour))
            await producer.send_and_wait(topic, b"%d" % offset, partition=0, timestamp_ms=timestamp)
    finally:
        await producer.stop()


async def taken(settings: Settings, topic: str, offset: int) -> None:
    """Commit the offset as the relay's ingest does."""
    group = ingest_group(settings.relay.group, topic)
    consumer = AIOKafkaConsumer(**client_options(settings.kafka), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.commit({TopicPartition(topic, 0): offset})
    finally:
        await consumer.stop()


async def read(settings: Settings, topic: str, window: Window) -> tuple[list[int], int]:
    """Return the offsets that are read, and how many are left."""
    found: list[Found] = []
    async with reads_of(settings, client_options(settings.kafka)) as reads:
        left = await reads.read({(topic, 0)}, found.append, window=window)
    assert [int(each.value or b"") for each in found] == [each.offset for each in found]
    return [each.offset for each in found], left[topic, 0]


MIDDLE = Window(since=at(1), until=at(3))


async def test_a_window_opens_and_closes_by_timestamps(settings: Settings) -> None:
    """Of events, which nobody takes; several readings share one consumer."""
    await written(settings, settings.topics.delivered, [0, 0.5, 1, 2, 3, 4])
    assert await read(settings, "delivered", MIDDLE) == ([2, 3], 4)
    assert await read(settings, "delivered", WHOLE) == ([0, 1, 2, 3, 4, 5], 0)
    assert await read(settings, "delivered", Window(since=at(9))) == ([], 6)
    found: list[Found] = []
    async with reads_of(settings, client_options(settings.kafka)) as reads:
        for window in (MIDDLE, WHOLE, MIDDLE):
            await reads.read({("delivered", 0)}, found.append, window=window, matters=lambda _, value: value == b"3")
    assert [each.offset for each in found] == [3, 3, 3]


async def test_an_input_is_read_on_where_nobody_took_it_yet(settings: Settings) -> None:
    """To its end where no group ever took one."""
    topic = settings.topics.fetch_requests
    await written(settings, topic, [0, 1, 2, 3, 4, 5])
    assert await read(settings, "fetch_requests", MIDDLE) == ([1, 2, 3, 4, 5], 1)
    await taken(settings, topic, 5)
    assert await read(settings, "fetch_requests", MIDDLE) == ([1, 2, 5], 3)
    await taken(settings, topic, 2)
    assert await read(settings, "fetch_requests", MIDDLE) == ([1, 2, 3, 4, 5], 1)
    await taken(settings, topic, 6)
    assert await read(settings, "fetch_requests", MIDDLE) == ([1, 2], 4)


async def test_timestamps_out_of_order_open_a_window_rather_too_early(settings: Settings) -> None:
    """A sender's clock is ahead, another's behind: nothing that came after the first of the window is left out."""
    await written(settings, settings.topics.seen, [0, 9, 0.5, -9, 2, 1])
    assert await read(settings, "seen", Window(since=at(1))) == ([1, 2, 3, 4, 5], 1)


async def test_records_without_timestamps_are_all_read(settings: Settings) -> None:
    """They may be of any time."""
    await written(settings, settings.topics.failed, [None, None])
    assert await read(settings, "failed", Window(since=at(1))) == ([0, 1], 0)
