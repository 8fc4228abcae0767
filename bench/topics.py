"""The benchmark's own dealings with Kafka, by librdkafka, so that they take little of the machine that is measured."""

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it does not say that it exports them
    AdminClient,
    NewTopic,
    OffsetSpec,
)

from relay.configuration import TopicSettings
from relay.core.model import EventType

PARTITIONS = 12
ACCOUNT = "hyber_main"
EVENTS = tuple(kind.value for kind in EventType)
AT_ONCE = 1_000
POLL_SECONDS = 0.1
QUIET = {"log_level": 2}  # librdkafka writes to standard error of brokers that go away at the end


class Topics:
    """The topics of one run, by the relay's names for them; all contestants get requests and put events alike."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"bench-{uuid.uuid4().hex[:8]}"
        self.names = {name: f"{self.prefix}.{name}" for name in TopicSettings.model_fields}
        self._admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})

    def create(self, *names: str, config: Mapping[str, str] | None = None) -> None:
        """Create some of them."""
        new = [NewTopic(self.names[name], PARTITIONS, 1, config=dict(config or {})) for name in names]
        for future in self._admin.create_topics(new).values():
            future.result()

    def delete(self) -> None:
        """Delete those that there are, so that later runs find the broker as this one did."""
        there = self._admin.list_topics(timeout=10).topics
        if mine := [name for name in self.names.values() if name in there]:
            for future in self._admin.delete_topics(mine).values():
                future.result()

    def ends(self) -> dict[tuple[str, int], int]:
        """Return the ends of these topics and of Kafka's own: what differs later was written meanwhile."""
        there = self._admin.list_topics(timeout=10).topics
        places = [
            TopicPartition(name, number)
            for name, topic in there.items()
            if name in self.names.values() or name.startswith("__")
            for number in topic.partitions
        ]
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        futures = self._admin.list_offsets(dict.fromkeys(places, latest))
        return {(place.topic, place.partition): future.result().offset for place, future in futures.items()}


def message_ids(count: int) -> list[str]:
    """Return new ids of messages."""
    return [str(uuid.uuid4()) for _ in range(count)]


class Writer:
    """Writes fetch requests at once, or one by one."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._producer = Producer(
            {**QUIET, "bootstrap.servers": bootstrap, "linger.ms": 0, "queue.buffering.max.messages": 2_000_000}
        )
        self._topic = topic
        self._number = 0

    def write(self, message_id: str) -> None:
        """Send one request."""
        value = {"request_id": f"request-{message_id}", "account": ACCOUNT, "message_id": message_id}
        self.put(message_id.encode(), json.dumps(value).encode(), self._number % PARTITIONS)

    def put(self, key: bytes, value: bytes, partition: int) -> None:
        """Send one record."""
        self._producer.produce(self._topic, value, key, partition)
        self._number += 1
        if self._number % AT_ONCE == 0:
            self._producer.poll(0)

    def write_all(self, ids: Iterable[str]) -> None:
        """Send a request for each message, and wait until Kafka has them."""
        for message_id in ids:
            self.write(message_id)
        self.flush()

    def flush(self) -> None:
        """Wait until Kafka has everything; also lets librdkafka hear of what was delivered."""
        self._producer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def served(self) -> None:
        """Let librdkafka tell of what was delivered."""
        self._producer.poll(0)


def message_of(record: Message) -> bytes:
    """Return the message that an event is about: every contestant makes it the event's key."""
    return record.key() or b""


class Reader:
    """Reads what read_committed readers can see, from now on."""

    def __init__(self, bootstrap: str, topics: Sequence[str]) -> None:
        self._consumer = Consumer(
            {
                **QUIET,
                "bootstrap.servers": bootstrap,
                "group.id": f"bench-{uuid.uuid4().hex[:8]}",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        self._consumer.assign([TopicPartition(topic, number, 0) for topic in topics for number in range(PARTITIONS)])

    def read(self, seconds: float = POLL_SECONDS) -> list[Message]:
        """Return what came, waiting so long for the first; more than one only if they are there."""
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        return [record for record in (first, *self._consumer.consume(AT_ONCE, 0)) if record.error() is None]

    def await_all(self, ids: Iterable[str], seconds: float) -> set[bytes]:
        """Read until an event of each message was seen; return the messages of which none came in time."""
        left = {message_id.encode() for message_id in ids}
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left.difference_update(map(message_of, self.read()))
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
