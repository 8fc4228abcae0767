"""What a round acts on: replicas, brokers and simulator, and a supervisor that starts anew what ended by itself."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip import InfobipSite
from relay.simulator.server import Simulator
from tests.chaos.checker import Limits
from tests.chaos.poison import Poison, slim
from tests.chaos.tail import Tail
from tests.polling import eventually
from tests.replica import Replica
from tests.running import EVENT_TOPICS, SITE, World
from tests.seen import Seen

LAUNCHER = ("-m", "tests.chaos.launcher")
SHORT = {"SHORT_SESSION": "on", "REFUSED_SECONDS": "2"}
LIMITS = Limits(concurrency=32, rate_per_second=600)
LATENCY_SECONDS = 0.01
TIMEOUT_SECONDS = 2
PAGE = 50  # reports of a drain's answer: few, so that a drain has several
POLLING = {"initial_seconds": 0.2, "factor": 1.2, "max_seconds": 1}
COMPACTING = {"min.cleanable.dirty.ratio": "0.01", "segment.ms": "10000", "max.compaction.lag.ms": "10000"}
FLOWING = 200  # events that must come before a fault, so that it strikes a loaded relay
FLOWING_SECONDS = 180
READY_SECONDS = 180
END_SECONDS = 30
LOOK_SECONDS = 0.2
FACTS = ("provider", "account", "message_id", "event_id", "type", "sequence", "inferred", "occurred_at")


@dataclass(kw_only=True)
class LongWorld(World):
    """A world that runs for hours: of an event or a dead letter it keeps what is judged, not all of it."""

    refused: list[Mapping[str, Any]] = field(default_factory=list)  # the dead letters of input records

    async def _read(self, names: Mapping[str, str]) -> None:
        inputs = (self.topics["fetch_requests"], self.topics["messages_sent"])
        while True:
            for records in (await self._reader.getmany(timeout_ms=200)).values():
                slim = [_slim(names[record.topic], record) for record in records]
                self.seen.extend(slim)
                self.refused += [
                    one.value for one in slim if one.topic == "dead_letters" and one.value["place"][0] in inputs
                ]

    async def backlog(self) -> int | None:
        """Count what the slots have not decided yet of inbox and raw answers, markers of transactions included.

        None while Kafka can't tell, as one that was killed can't for a while after it is back.
        """
        return await self._told([(self.group, self.topics["inbox"]), (self.group, self.topics["raw"])])

    async def taken(self) -> bool:
        """Tell whether ingest took all inputs; no while Kafka can't tell."""
        inputs = (self.topics["fetch_requests"], self.topics["messages_sent"])
        return await self._told([(f"{self.group}.ingest.{topic}", topic) for topic in inputs]) == 0

    async def _told(self, lags: Sequence[tuple[str, str]]) -> int | None:
        try:
            return sum([await self._lag(group, topic) for group, topic in lags])
        except KafkaError:
            return None


def _slim(topic: str, record: Any) -> Seen:
    value = json.loads(record.value)
    if topic in EVENT_TOPICS:
        words = None if value["provider"] == "hyber" else value["provider_status"]
        value = {name: value[name] for name in FACTS} | {"provider_status": words}
    elif topic == "dead_letters":
        value = slim(value)
    return Seen(topic, record.partition, record.offset, None, value, [])


@dataclass(slots=True, kw_only=True)
class Scene:
    """The state of a run, carried on from round to round."""

    world: LongWorld
    poison: Poison
    brokers: Sequence[EmbeddedKafka]
    launcher: Sequence[str] = LAUNCHER
    environment: Mapping[str, str] = field(default_factory=dict)
    away_seconds: tuple[float, float] = (30, 90)
    patience_seconds: float = 120
    pile_seconds: float = 0
    draw: random.Random = field(default_factory=random.Random)
    tails: dict[Path, Tail] = field(default_factory=dict)
    live: list[Replica] = field(default_factory=list)
    spared: Replica | None = None
    ended: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    ending_seconds: list[float] = field(default_factory=list)

    @property
    def simulator(self) -> Simulator:
        """The providers."""
        return self.world.simulator

    def events(self, mark: int) -> list[Mapping[str, Any]]:
        """Return the events seen since a mark, which is a count of records."""
        return [record.value for record in self.world.seen[mark:] if record.topic in EVENT_TOPICS]

    async def flowing(self, count: int = FLOWING) -> None:
        """Wait until so many more events were published."""
        mark = len(self.world.seen)
        await eventually(lambda: len(self.world.seen) >= mark + count, seconds=FLOWING_SECONDS, what="flow of events")

    # Replicas

    async def start(self, **environment: str) -> Replica:
        """Start a replica and wait until it is ready."""
        replica = self.world.start(self.launcher, environment={**SHORT, **self.environment, **environment})
        self.live.append(replica)
        await eventually(lambda: self.told(replica, "http.started"), seconds=READY_SECONDS, what="http.started")
        await replica.ready(READY_SECONDS)
        return replica

    def retire(self, replica: Replica) -> Replica:
        """Take a replica out of the supervisor's care."""
        self.live.remove(replica)
        return replica

    def a_replica(self) -> Replica:
        """Choose one of those that live and are not spared."""
        return self.draw.choice([replica for replica in self.live if replica is not self.spared])

    async def leave(self, replica: Replica) -> None:
        """End a replica in order; complain if that takes over 30 s or fails."""
        self.retire(replica)
        began = time.monotonic()
        code = await replica.terminated(END_SECONDS)
        self.ending_seconds.append(time.monotonic() - began)
        if code != 0:
            self.complaints.append(f"{replica.log.name}: exit code {code} after SIGTERM")
            replica.kill()

    def told(self, replica: Replica, event: str) -> int:
        """Count the lines of an event that a replica logged."""
        return self.tails.setdefault(replica.log, Tail(path=replica.log)).count(event)

    async def told_again(self, replica: Replica, event: str, since: int) -> None:
        """Wait until a replica logged an event once more than so many times."""
        await eventually(lambda: self.told(replica, event) > since, seconds=READY_SECONDS, what=event)

    async def supervise(self) -> None:
        """Do for ever what an orchestrator does: start anew what ended by itself."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for replica in [one for one in self.live if not one.running]:
                self.ended.append(f"{replica.log.name}: exit code {replica.process.returncode}")
                self.live.remove(replica)
                self.live.append(self.world.start(self.launcher, environment={**SHORT, **self.environment}))

    # Brokers

    async def end_brokers(self) -> None:
        """Kill all brokers."""
        await asyncio.gather(*(asyncio.to_thread(broker.kill) for broker in self.brokers))

    async def start_brokers(self) -> None:
        """Start all brokers, in order ending first those that run."""
        await asyncio.gather(*(asyncio.to_thread(broker.restart) for broker in self.brokers))

    async def repair(self) -> None:
        """Bring everything back after a round that broke off: brokers that run, and two new replicas."""
        self.simulator.faults.clear()
        gone = [broker for broker in self.brokers if not broker.running]
        await asyncio.gather(*(asyncio.to_thread(broker.restart) for broker in gone))
        for replica in [*self.live]:
            self.retire(replica).kill()
        for _ in range(2):
            await self.start()


@contextlib.asynccontextmanager
async def scene(
    brokers: Sequence[EmbeddedKafka],
    folder: Path,
    *,
    bootstrap_servers: str | None = None,
    limits: Limits = LIMITS,
    log_seconds: float = 48 * 3600,
    page: int = PAGE,
    polling: Mapping[str, float] = POLLING,
    **options: Any,
) -> AsyncIterator[Scene]:
    """Open a scene with two replicas under supervision, on these brokers or on one that is not its own to end."""
    servers = bootstrap_servers or ",".join(broker.bootstrap_servers for broker in brokers)
    voice = InfobipSite(log_seconds=log_seconds)
    async with Simulator(hyber=SITE, infobip=voice, latency_seconds=LATENCY_SECONDS) as simulator:
        world = LongWorld(
            bootstrap_servers=servers,
            folder=folder,
            simulator=simulator,
            account=asdict(limits),
            polling=polling,
            more_accounts={"voice": _voice(page)},
            state_topic=COMPACTING,
            replication=max(len(brokers), 1),
        )
        await world.open()
        made = Scene(world=world, poison=Poison(world, random.Random(world.prefix)), brokers=brokers, **options)
        supervising = asyncio.create_task(made.supervise())
        try:
            await asyncio.gather(made.start(), made.start())
            yield made
        finally:
            supervising.cancel()
            await world.close()


def _voice(page: int) -> Mapping[str, Any]:
    return {
        "provider": "infobip_voice",
        "username": "login",
        "password": "password",
        "limit": page,
        "timeout_seconds": TIMEOUT_SECONDS,
        "polling": {"drain_seconds": 0.5},
    }
