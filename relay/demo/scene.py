"""The whole demo in order: a Kafka, the stage around it, the play, and what one can do afterwards."""

import asyncio
import contextlib
import logging
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from relay.checks import brokers_finding
from relay.configuration import Settings, TopicSettings
from relay.demo.child import DemoFailed
from relay.demo.folder import emptied_folder
from relay.demo.play import Play
from relay.demo.screen import Screen
from relay.demo.stage import Place, Stage, staged
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.jars import WHAT

LOOK_SECONDS = 0.5


def demo(settings: Settings, screen: Screen, *, count: int, keep: bool) -> bool:
    """Run the demo; return whether everything was published exactly once.

    Raises:
        DemoFailed, EmbeddedKafkaError: it could not be run to its end; everything is stopped all the same.

    """
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # else its warnings spoil the table
    screen.title()
    with emptied_folder() as folder, _place(settings, folder, screen) as place:
        good = asyncio.run(_played(place, screen, count=count, keep=keep))
        _afterwards(place, screen, keep=keep)
    return good


@contextlib.contextmanager
def _place(settings: Settings, folder: Path, screen: Screen) -> Iterator[Place]:
    run = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    factor = settings.relay.replication_factor
    if settings.kafka.bootstrap_servers is not None:
        reached = asyncio.run(brokers_finding(settings))
        if not reached.ok:
            raise DemoFailed(f"kafka: {reached.detail}; {reached.fix}")
        screen.step("Kafka", f"{settings.kafka.bootstrap_servers}, topics relay-demo-{run}.*, deleted at the end")
        yield Place(kafka=settings.kafka, own=False, replication_factor=factor, run=run, folder=folder)
        return
    began = time.monotonic()
    with screen.waiting(f"{WHAT} starts") as progress:
        kafka = EmbeddedKafka.start(data=folder / "kafka", progress=progress)
    with kafka as broker:
        screen.step(WHAT, f"{broker.bootstrap_servers}, started in {time.monotonic() - began:.1f} s")
        own = settings.kafka.model_copy(update={"bootstrap_servers": broker.bootstrap_servers})
        yield Place(kafka=own, own=True, replication_factor=1, run=run, folder=folder)


async def _played(place: Place, screen: Screen, *, count: int, keep: bool) -> bool:
    async with staged(place, screen) as stage:
        balance = await Play(stage, screen, run=place.run, count=count, began=time.monotonic()).run()
        if keep:
            screen.lines("Everything keeps running. To look yourself:", looking(place, stage.staging.topics))
            screen.note("Ctrl-C ends it.")
            await _until_interrupted(stage)
    return not balance.faults


async def _until_interrupted(stage: Stage) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            stage.relay.check()


def _afterwards(place: Place, screen: Screen, *, keep: bool) -> None:
    if keep:
        return
    if not place.own:
        screen.note("Its topics are deleted. To look at them, run the demo with --keep.")
        return
    port = str(place.kafka.bootstrap_servers).rpartition(":")[2]
    again = f"{relay_command()} broker --data {shlex.quote(str(place.folder / 'kafka'))} --port {port} &"
    screen.lines("Everything is stopped. To look at the topics, start the demo's Kafka again:", [again])
    screen.lines("and then:", looking(place, TopicSettings()))


def looking(place: Place, topics: TopicSettings) -> list[str]:
    """Give commands that print topics, as they are to be typed; the last one is for those who have kcat."""
    servers = str(place.kafka.bootstrap_servers)
    python = shlex.quote(_shown(sys.executable))
    read = f"{python} -m relay.demo.look --bootstrap-servers {servers}"
    return [
        f"{read} {topics.failed}",
        f"{read} {topics.dead_letters}",
        f"kcat -C -e -q -b {servers} -t {topics.delivered} -f '%k %s\\n'",
    ]


def relay_command() -> str:
    """Give the words that start this program again."""
    program = Path(sys.argv[0])
    return shlex.quote(sys.argv[0]) if program.name == "relay" else f"{shlex.quote(_shown(sys.executable))} -m relay"


def _shown(path: str) -> str:
    """Shorten a path inside the current folder."""
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return path
