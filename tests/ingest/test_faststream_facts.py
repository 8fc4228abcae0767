"""What ingest relies on in FastStream and aiokafka, on a real broker: an upgrade that changes it fails here."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from relay.ingest.subscribers import _next_records, _raw, _undecoded
from relay.kafka.embedded.broker import EmbeddedKafka
from tests.polling import eventually

pytestmark = pytest.mark.kafka

Handle = Callable[[KafkaMessage], Any]
QUIET = logging.getLogger("faststream.quiet")


@pytest.fixture
async def topic(kafka: EmbeddedKafka) -> str:
    """Give a topic of one partition."""
    name = f"facts-{uuid.uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()
    return name


@contextlib.asynccontextmanager
async def subscribed(servers: str, topic: str, handle: Handle, **options: Any) -> AsyncIterator[Any]:
    """Run a batch subscriber as ingest makes it."""
    QUIET.setLevel(logging.CRITICAL + 1)
    broker = KafkaBroker(servers, allow_auto_create_topics=False, graceful_timeout=2, logger=QUIET)
    usual: dict[str, Any] = {
        "batch": True,
        "ack_policy": AckPolicy.MANUAL,
        "auto_offset_reset": "earliest",
        "no_reply": True,
        "parser": _raw,
        "decoder": _undecoded,
    }
    subscriber = broker.subscriber(topic, group_id=f"g-{topic}", **{**usual, **options})
    subscriber(handle)
    subscriber.get_msg = _next_records
    try:
        await broker.start()
        yield subscriber
    finally:
        await broker.stop()


async def write(servers: str, topic: str, *records: dict[str, Any]) -> None:
    """Write records to the only partition, in order."""
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for record in records:
            await producer.send_and_wait(topic, partition=0, **record)


async def committed(servers: str, topic: str) -> int | None:
    """Return the group's committed offset."""
    async with AIOKafkaConsumer(bootstrap_servers=servers, group_id=f"g-{topic}", enable_auto_commit=False) as consumer:
        offset: int | None = await consumer.committed(TopicPartition(topic, 0))
        return offset


async def test_the_parser_hands_over_records_as_they_are(kafka: EmbeddedKafka, topic: str) -> None:
    """Binary, null and repeated headers, null and empty values reach the handler untouched."""
    seen: list[Any] = []

    async def handle(message: KafkaMessage) -> None:
        seen.extend(message.raw_message)

    headers: list[tuple[str, bytes | None]] = [("h", b"\xff"), ("h", None), ("h", b"\xff"), ("content-type", b"x/y")]
    values = [b"\xff\xfe", None, b"", b"{}"]
    await write(
        kafka.bootstrap_servers, topic, *({"value": value, "key": b"k", "headers": headers} for value in values)
    )
    async with subscribed(kafka.bootstrap_servers, topic, handle):
        await eventually(lambda: len(seen) >= len(values), what="records")
    assert [record.value for record in seen] == values
    assert all(list(record.headers) == headers for record in seen)


async def test_without_our_parser_a_binary_header_never_reaches_a_handler(kafka: EmbeddedKafka, topic: str) -> None:
    """Why the parser hides headers: FastStream decodes them before anyone is asked, and passes over the batch."""
    seen: list[bytes] = []

    async def handle(message: KafkaMessage) -> None:
        seen.extend(record.value for record in message.raw_message)

    async with subscribed(kafka.bootstrap_servers, topic, handle, parser=None):
        await write(kafka.bootstrap_servers, topic, {"value": b"bad", "headers": [("h", b"\xff")]})
        await eventually(lambda: True, what="nothing")
        await write(kafka.bootstrap_servers, topic, {"value": b"good"})
        with contextlib.suppress(TimeoutError):
            await eventually(lambda: b"good" in seen, seconds=8, what="the next record")
    assert b"bad" not in seen


@pytest.mark.parametrize("raises", [False, True])
async def test_manual_never_commits_by_itself(kafka: EmbeddedKafka, topic: str, raises: bool) -> None:  # noqa: FBT001 - a parameter
    """Neither a handler that returns nor one that raises moves the offset, nor does stopping."""
    seen: list[bytes] = []

    async def handle(message: KafkaMessage) -> None:
        seen.extend(record.value for record in message.raw_message)
        if raises:
            raise ValueError("swallowed by FastStream")

    async with subscribed(kafka.bootstrap_servers, topic, handle):
        await write(kafka.bootstrap_servers, topic, {"value": b"1"}, {"value": b"2"})
        await eventually(lambda: len(seen) >= 2, what="records")
    assert seen == [b"1", b"2"]
    assert await committed(kafka.bootstrap_servers, topic) is None


async def test_an_exact_commit_moves_the_offset_and_no_further(kafka: EmbeddedKafka, topic: str) -> None:
    """The message's consumer commits the offsets that it is given, though its position is ahead."""
    done: list[int] = []

    async def handle(message: KafkaMessage) -> None:
        consumer: Any = message.consumer
        await consumer.commit({TopicPartition(topic, 0): 1})
        done.append(len(message.raw_message))

    await write(kafka.bootstrap_servers, topic, *({"value": bytes([number])} for number in range(3)))
    async with subscribed(kafka.bootstrap_servers, topic, handle):
        await eventually(lambda: sum(done) >= 3, what="records")
    assert await committed(kafka.bootstrap_servers, topic) == 1


async def test_no_reply_leaves_a_strangers_topic_alone(kafka: EmbeddedKafka, topic: str) -> None:
    """A `reply_to` header and a returned value publish nothing."""
    elsewhere, seen = f"{topic}-elsewhere", list[bytes]()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(elsewhere, 1, 1)])
    await admin.close()

    async def handle(message: KafkaMessage) -> bytes:
        seen.extend(record.value for record in message.raw_message)
        return b"a reply"

    async with subscribed(kafka.bootstrap_servers, topic, handle):
        await write(kafka.bootstrap_servers, topic, {"value": b"1", "headers": [("reply_to", elsewhere.encode())]})
        await eventually(lambda: seen, what="record")
    async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers) as consumer:
        tp = TopicPartition(elsewhere, 0)
        assert await consumer.end_offsets([tp]) == {tp: 0}


async def test_missing_topics_are_not_made(kafka: EmbeddedKafka) -> None:
    """Subscribing to a topic that does not exist leaves it missing."""
    missing = f"missing-{uuid.uuid4()}"

    async def handle(message: KafkaMessage) -> None:
        raise AssertionError(message)

    with contextlib.suppress(Exception):
        async with asyncio.timeout(3), subscribed(kafka.bootstrap_servers, missing, handle):
            pass
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        assert missing not in await admin.list_topics()
    finally:
        await admin.close()


def test_a_record_is_a_dataclass_that_replace_can_copy() -> None:
    """The parser copies aiokafka's record without its headers."""
    from aiokafka.structs import ConsumerRecord  # noqa: PLC0415 - only this fact needs it

    record: Any = ConsumerRecord("t", 0, 0, 0, 0, b"k", b"v", None, 1, 1, (("h", b"\xff"),))
    assert replace(record, headers=()).headers == ()
