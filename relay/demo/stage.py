"""Brings up simulator, relay, producer and reader around one Kafka, and takes them down in order."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from relay.demo.child import RelayChild
from relay.demo.collected import Collected, Gaps
from relay.demo.reading import Reader
from relay.demo.screen import Screen
from relay.demo.staging import HYBER_ACCOUNT, SPEED, VOICE_ACCOUNT, Staging, staging
from relay.demo.tally import Tally
from relay.kafka.connection import client_options
from relay.kafka.settings import KafkaSettings
from relay.simulator.server import Simulator
from relay.toml import as_toml

LATENCY_SECONDS = 0.02  # what a lookup takes over a good line


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the demo plays: the Kafka (`own` if it was started for the demo) and the folder of its files."""

    kafka: KafkaSettings
    own: bool
    replication_factor: int
    run: str
    folder: Path

    @property
    def config(self) -> Path:
        """The file of the relay's configuration."""
        return self.folder / "relay.toml"

    @property
    def log(self) -> Path:
        """The file of the relay's log."""
        return self.folder / "relay.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that runs while the demo plays; `timed` are the messages whose events have a delay to speak of."""

    staging: Staging
    simulator: Simulator
    relay: RelayChild
    producer: AIOKafkaProducer
    reader: Reader
    following: asyncio.Task[None]
    tallies: Mapping[str, Tally]
    gaps: Gaps
    timed: set[str]

    def collected(self) -> Collected:
        """Say what became of the reports that are handed out once."""
        return self.gaps.collected(self.simulator.handed_out(), self.simulator.unread())


@contextlib.asynccontextmanager
async def staged(place: Place, screen: Screen) -> AsyncIterator[Stage]:
    """Start everything, hand it over, and stop it however the block ends; raises DemoFailed."""
    options = client_options(place.kafka)
    async with contextlib.AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(speed=SPEED, latency_seconds=LATENCY_SECONDS))
        screen.step("Both providers", f"simulated on {simulator.url}, {SPEED:g} times faster than life")
        plan = staging(
            place.kafka,
            run=place.run,
            own=place.own,
            replication_factor=place.replication_factor,
            provider_url=simulator.url,
        )
        if not place.own:
            stack.push_async_callback(remove_topics, options, plan, screen)
        relay = await _relay(stack, place, plan, screen)
        tallies, gaps, timed = {HYBER_ACCOUNT: Tally(), VOICE_ACCOUNT: Tally()}, Gaps(), set[str]()
        reader = Reader(options, plan.topics, tallies, gaps, lambda *change: _knew_at(simulator, timed, *change))
        producer = AIOKafkaProducer(**options, acks="all")
        for client in (producer, reader.consumer):
            stack.push_async_callback(client.stop)
            await client.start()
        following = asyncio.create_task(reader.follow())
        stack.push_async_callback(_ended, following)
        yield Stage(
            staging=plan,
            simulator=simulator,
            relay=relay,
            producer=producer,
            reader=reader,
            following=following,
            tallies=tallies,
            gaps=gaps,
            timed=timed,
        )


async def _relay(stack: contextlib.AsyncExitStack, place: Place, plan: Staging, screen: Screen) -> RelayChild:
    began = time.monotonic()
    place.config.write_text(as_toml(plan.tables), "utf-8")
    relay = RelayChild(place.config, place.log, plan.environ)
    stack.push_async_callback(asyncio.to_thread, relay.stop)
    with screen.waiting("The relay starts"):
        await relay.ready()
    screen.step("The relay", f"ready after {time.monotonic() - began:.1f} s, log in {place.log}")
    return relay


def _knew_at(simulator: Simulator, timed: set[str], message_id: str, kind: str) -> float | None:
    """Say since when the provider knew; of messages that were asked about later, a delay would mean nothing."""
    return simulator.knew_at(message_id).get(kind) if message_id in timed else None


async def remove_topics(options: dict[str, Any], plan: Staging, screen: Screen) -> None:
    """Leave nothing behind on a Kafka that is not the demo's own."""
    names = list(plan.topics.model_dump().values())
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        await admin.delete_topics([name for name in names if name in present])
    except Exception as error:  # noqa: BLE001 - the demo is over, and the person must learn what is left
        screen.note(f"Its topics could not be deleted ({type(error).__name__}): {', '.join(names)}")
    finally:
        await admin.close()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
