"""Relay replicas as real processes beside a simulator, and an in-test producer and reader on the shared broker.

A `World` has topics and a group of its own, so that any number of them use one broker.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from relay.kafka.abandoning import let_go
from relay.simulator.hyber import HyberSite
from relay.simulator.server import Simulator
from tests.polling import PATIENCE_SECONDS, eventually, eventually_async
from tests.replica import Replica
from tests.seen import Seen, read_all

EVENT_TOPICS = ("delivered", "seen", "failed", "answered")
OUTPUTS = (*EVENT_TOPICS, "dead_letters")
NAMES = ("fetch_requests", "messages_sent", *OUTPUTS, "inbox", "raw", "state")
LARGE = {"max.message.bytes": str(16 * 1_048_576)}
USUAL = {"max.message.bytes": "1048588"}  # a broker's default; the embedded broker's own is larger
RELAY = ("-m", "relay")
PASSWORD = "password"
SITE = HyberSite(too_early_seconds=0)


@dataclass(kw_only=True)
class World:
    """Names, processes and clients of one test or test module."""

    bootstrap_servers: str
    folder: Path
    simulator: Simulator
    partitions: int = 4
    account: Mapping[str, Any] = field(default_factory=dict)
    polling: Mapping[str, Any] = field(default_factory=dict)
    more_accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    replication: int = 1
    state_topic: Mapping[str, str] = field(default_factory=dict)
    sections: str = ""
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    replicas: list[Replica] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @property
    def topics(self) -> dict[str, str]:
        """The topics' names by their keys in the settings."""
        return {name: f"{self.prefix}.{name}" for name in NAMES}

    @property
    def group(self) -> str:
        """The group of the slots, and the prefix of the others."""
        return f"{self.prefix}.group"

    # Processes

    def start(self, command: Sequence[str] = RELAY, *, environment: Mapping[str, str] | None = None) -> Replica:
        """Start a replica; it is not ready yet."""
        log = self.folder / f"{self.prefix}-{len(self.replicas)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *command, "run", "--config", str(self._config())],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(environment or {})},
            )
        replica = Replica(process=process, log=log)
        self.replicas.append(replica)
        return replica

    async def started(self, command: Sequence[str] = RELAY, **keywords: Any) -> Replica:
        """Start a replica and wait until it is ready."""
        replica = self.start(command, **keywords)
        await replica.ready()
        return replica

    def _config(self) -> Path:
        polling = {"initial_seconds": 0.3, "factor": 1.3, "max_seconds": 1.5, **self.polling}
        account = {
            "provider": "hyber",
            "base_url": self.simulator.url,
            "client_id": "1021",
            "username": "login",
            "password": PASSWORD,
            "timeout_seconds": 2,
            **self.account,
        }
        tables: dict[str, Mapping[str, Any]] = {
            "kafka": {"bootstrap_servers": self.bootstrap_servers},
            "relay": {"group": self.group, "partitions": self.partitions, "replication_factor": self.replication},
            "http": {"port": 0},
            "topics": self.topics,
            "accounts.main": account,
            "accounts.main.polling": polling,
        }
        for name, keys in self.more_accounts.items():
            plain = {key: value for key, value in keys.items() if key != "polling"}
            tables[f"accounts.{name}"] = {"base_url": self.simulator.url, **plain}
            tables[f"accounts.{name}.polling"] = keys["polling"]
        text = "\n".join(f"[{name}]\n" + "\n".join(map(_pair, table.items())) for name, table in tables.items())
        path = self.folder / f"{self.prefix}.toml"
        path.write_text(f"{text}\n{self.sections}\n")
        return path

    # Kafka

    async def create_outputs(self) -> None:
        """Create inputs and outputs before any relay runs, so that producer and reader know them."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            sizes = dict.fromkeys(("fetch_requests", "messages_sent", "dead_letters"), LARGE)
            sizes |= dict.fromkeys((*EVENT_TOPICS, "inbox"), USUAL)
            sizes["state"] = {**USUAL, "cleanup.policy": "compact", **self.state_topic}
            await admin.create_topics(
                [
                    NewTopic(self.topics[name], self.partitions, self.replication, topic_configs=size)
                    for name, size in sizes.items()
                ]
            )
        finally:
            await admin.close()

    async def send(self, topic: str, value: Any, **keywords: Any) -> Any:
        """Write one input record and wait for its acknowledgement; a value that is no bytes is written as JSON."""
        raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        return await self.producer.send_and_wait(self.topics[topic], raw, **keywords)

    async def fetch(self, **fields: Any) -> None:
        """Send a FetchRequest."""
        await self.send("fetch_requests", {"request_id": f"r-{uuid.uuid4()}", "account": "main", **fields})

    def events(self, message_id: str) -> list[dict[str, Any]]:
        """Return the events seen so far of a message, known by either id, in the order of their sequence."""
        values = [record.value for record in self.seen if record.topic in EVENT_TOPICS]
        return sorted(
            (value for value in values if message_id in (value["message_id"], value["extra_id"])),
            key=lambda value: value["sequence"],
        )

    def letters(self) -> list[dict[str, Any]]:
        """Return the dead letters seen so far."""
        return [record.value for record in self.seen if record.topic == "dead_letters"]

    async def told(self, message_id: str, *types: str, seconds: float = PATIENCE_SECONDS) -> list[dict[str, Any]]:
        """Wait until as many events of the message as types are seen, and return them; their types must be these."""
        with contextlib.suppress(TimeoutError):
            await eventually(lambda: len(self.events(message_id)) >= len(types), seconds=seconds, what="event")
        events = self.events(message_id)
        assert [event["type"] for event in events] == list(types), events
        return events

    async def quiet(self) -> None:
        """Wait until everything sent so far was taken by ingest and slots, and the reader saw what followed at once."""

        async def passed() -> bool:
            groups = {
                f"{self.group}.ingest.{self.topics['fetch_requests']}": self.topics["fetch_requests"],
                f"{self.group}.ingest.{self.topics['messages_sent']}": self.topics["messages_sent"],
            }
            return all([await self._lag(group, topic) == 0 for group, topic in groups.items()])

        await eventually_async(passed, what="quiet")

    async def _lag(self, group: str, topic: str) -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            committed = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        ends = await self.ends(topic)
        return sum(end - max(committed[tp].offset if tp in committed else 0, 0) for tp, end in ends.items())

    async def ends(self, topic: str) -> dict[TopicPartition, int]:
        """Return the ends of a topic's partitions, whatever is still open included."""
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers) as consumer:
            metadata = await consumer._client.fetch_all_metadata()
            partitions = [TopicPartition(topic, number) for number in metadata.partitions_for_topic(topic) or ()]
            ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
            return ends

    async def open(self) -> None:
        """Create topics, start producer and reader."""
        await self.create_outputs()
        self.producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap_servers, acks="all", max_request_size=16 * 1_048_576
        )
        await self.producer.start()
        self._reader = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
        )
        await self._reader.start()
        outputs = [self.topics[name] for name in OUTPUTS]
        self._reader.assign([TopicPartition(name, number) for name in outputs for number in range(self.partitions)])
        await self._reader.seek_to_beginning()
        self._reading = asyncio.create_task(self._read({topic: name for name, topic in self.topics.items()}))

    async def _read(self, names: Mapping[str, str]) -> None:
        await read_all(self._reader, names, self.seen)

    async def close(self) -> None:
        """End everything; frozen processes, too."""
        for replica in self.replicas:
            replica.kill()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        await let_go(self._reader)
        await self.producer.stop()


@contextlib.asynccontextmanager
async def world(
    bootstrap_servers: str,
    folder: Path,
    *,
    site: HyberSite = SITE,
    simulator: Mapping[str, Any] | None = None,
    **keys: Any,
) -> AsyncIterator[World]:
    """Open a world with a simulator of its own; close it whatever happens."""
    async with Simulator(hyber=site, **(simulator or {})) as provider:
        made = World(bootstrap_servers=bootstrap_servers, folder=folder, simulator=provider, **keys)
        await made.open()
        try:
            yield made
        finally:
            await made.close()


def _pair(item: tuple[str, Any]) -> str:
    key, value = item
    return f"{key} = {json.dumps(value)}"
