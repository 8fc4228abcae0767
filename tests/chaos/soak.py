"""`python -m tests.chaos.soak`: half an hour of even load with random faults, while one process is watched growing.

Two replicas share the work; the one that is watched is spared the faults that end a process, or may make its watchdog
end it, and meets all others. Finished messages are forgotten after ten minutes instead of seven days, and calls
stay in the log for as long instead of 48 hours. Memory follows the number of messages that are remembered; what grows
beside them is a leak.
"""

import asyncio
import itertools
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.chaos.checker import Limits, busiest, exceeded
from tests.chaos.faults import FAULTS, dealt
from tests.chaos.figures import versions
from tests.chaos.load import Load
from tests.chaos.rounds import settled, whole
from tests.chaos.scene import Scene, scene
from tests.chaos.soaked import Growth, Sample, Soak, growth, slope_per_hour

RETENTION_SECONDS, LOG_SECONDS = 600, 600
SAMPLE_SECONDS = 5.0
PAUSE_SECONDS = (5.0, 30.0)  # between two faults
AWAY_SECONDS = (20.0, 40.0)
SAID = {"relay_slots_owned": "slots", "relay_messages_remembered": "messages"}
LIMITS = Limits(concurrency=64, rate_per_second=1500)
POLLING = {"initial_seconds": 1, "factor": 1.6, "max_seconds": 5}  # so that lookups follow the load, and don't make it
NOT_HERE = ("none", "replica: both killed", "replicas: 1, 2, 3, 1", "offsets: ", "broker: killed", "broker: away")
console = Console(stderr=True)


async def soaked(made: Scene, soak: Soak, *, minutes: float, messages: int, calls: int) -> None:
    """Load, strike and watch for so long; then settle and judge everything."""
    made.spared = made.live[0]
    began, made.draw = time.monotonic(), random.Random(f"{soak.seed}/soak")
    load = Load(made.world, random.Random(f"{soak.seed}/load"), messages=messages, calls=calls)
    loading, watching = asyncio.create_task(load.run()), asyncio.create_task(_watch(made, soak, began))
    try:
        await _strike(made, soak, until=began + minutes * 60)
    finally:
        load.stop()
        await loading
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    soak.seconds = round(time.monotonic() - began)
    await settled(made, load, 0)
    soak.messages, soak.calls, soak.events = len(load.message_ids), len(load.call_ids), len(made.events(0))
    soak.verdict = whole(made) + exceeded(busiest(made.simulator), LIMITS)
    soak.complaints, soak.ended = [*made.complaints], [*made.ended]


async def _watch(made: Scene, soak: Soak, began: float) -> None:
    assert made.spared is not None
    port = made.spared.lines("http.started")[0]["port"]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        while True:
            said = await _said(session)
            if not made.spared.running:
                break
            soak.samples.append(Sample.of(made.spared.process.pid, time.monotonic() - began, **said))
            await asyncio.sleep(SAMPLE_SECONDS)
    made.complaints.append("the process that was watched ended by itself")


async def _said(session: aiohttp.ClientSession) -> Mapping[str, int]:
    """Return what the process says that it holds; nothing where it doesn't answer, as while it is frozen."""
    try:
        async with asyncio.timeout(SAMPLE_SECONDS), session.get("/metrics") as answer:
            metrics = text_string_to_metric_families(await answer.text())
            return {SAID[family.name]: int(family.samples[0].value) for family in metrics if family.name in SAID}
    except (TimeoutError, ValueError, aiohttp.ClientError):
        return {}


async def _strike(made: Scene, soak: Soak, *, until: float) -> None:
    names = [name for name in FAULTS if not name.startswith(NOT_HERE)]
    for name in itertools.takewhile(lambda _: time.monotonic() < until, dealt(names, soak.seed)):
        await asyncio.sleep(made.draw.uniform(*PAUSE_SECONDS))
        await _struck(made, name, FAULTS[name])
        soak.faults.append(name)
        held = soak.samples[-1]
        said = f"{held.second:6.0f} s  {held.megabytes:6.1f} MB {held.open_files:4} files  {name}"
        console.print(said, highlight=False, soft_wrap=True)


async def _struck(made: Scene, name: str, strike: Callable[[Scene], Awaitable[None]]) -> None:
    try:
        await made.flowing()
        await strike(made)
    except (TimeoutError, AssertionError) as error:
        made.complaints.append(f"{name} broke off: {error or type(error).__name__}"[:500])
        while len(made.live) < 2:
            await made.start()


def as_json(soak: Soak) -> str:
    """Give all figures."""
    slopes = {"megabytes": slope_per_hour(soak.warm, _megabytes), "open_files": slope_per_hour(soak.warm, _files)}
    sizes = [sample.megabytes for sample in soak.at_rest]
    rest = {
        "samples": len(sizes),
        "lowest": min(sizes, default=None),
        "highest": max(sizes, default=None),
        "megabytes": slope_per_hour(soak.at_rest, _megabytes),
    }
    grown = growth(soak.at_rest)
    more = {
        "slopes": slopes,
        "rest": rest,
        "growth": asdict(grown) if grown else None,
        "clean": soak.clean,
        "versions": versions(),
    }
    return json.dumps(asdict(soak) | more, indent=2)


def told(soak: Soak) -> str:
    """Tell what it came to, with a line for each minute."""
    minutes = [next(group) for _, group in itertools.groupby(soak.samples, lambda sample: sample.second // 60)]
    wrong = ", ".join(f"{count} {name}" for name, count in soak.verdict.counts.items())
    rise, at_rest = _rise(soak.warm, _megabytes), _rise(soak.at_rest, _megabytes)
    return "\n".join(
        [
            "minute  resident MB  open files",
            *(f"{s.second / 60:6.0f} {s.megabytes:12.1f} {s.open_files:11}" for s in minutes),
            f"{soak.messages} messages, {soak.calls} calls, {soak.events} events, {len(soak.faults)} faults: {wrong}",
            f"after two fifths of the time: {rise} MB, {_rise(soak.warm, _files)} files an hour",
            f"the least of each minute with its usual partitions: {at_rest} MB an hour",
            grown_words(growth(soak.at_rest)),
            *(f"complaint: {complaint}" for complaint in soak.complaints),
            *(f"ended by itself: {end}" for end in soak.ended),
        ]
    )


def grown_words(grown: Growth | None) -> str:
    """Say what that memory follows."""
    if grown is None:
        return "Of these, memory can't be told apart from the number of messages that are remembered"
    follows = f"{grown.bytes_per_message:,.0f} bytes for each message that is remembered"
    return f"Of these, memory follows {follows}, and beside them {grown.megabytes_per_hour:+.1f} MB an hour"


def _rise(samples: Sequence[Sample], read: Callable[[Sample], float]) -> str:
    slope = slope_per_hour(samples, read)
    return "an unknown number of" if slope is None else f"{slope:+.1f}"


def _megabytes(sample: Sample) -> float:
    return sample.megabytes


def _files(sample: Sample) -> float:
    return sample.open_files


async def run(broker: EmbeddedKafka, folder: Path, soak: Soak, *, minutes: float, messages: int, calls: int) -> None:
    """Soak two replicas on a broker."""
    environment = {"RETENTION_SECONDS": str(RETENTION_SECONDS)}
    async with scene(
        [broker],
        folder,
        limits=LIMITS,
        log_seconds=LOG_SECONDS,
        polling=POLLING,
        environment=environment,
        away_seconds=AWAY_SECONDS,
    ) as made:
        await soaked(made, soak, minutes=minutes, messages=messages, calls=calls)


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 30,
    seed: Annotated[int | None, typer.Option(help="Repeats a run; a random one is shown.")] = None,
    messages: Annotated[int, typer.Option(help="Messages a second.")] = 180,
    calls: Annotated[int, typer.Option(help="Calls a second.")] = 20,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("soak.json"),
) -> None:
    """Keep two replicas under load and faults, and see that memory and open files stay flat."""
    soak = Soak(
        command=" ".join(["python -m tests.chaos.soak", *sys.argv[1:]]),
        seed=random.randrange(1_000_000) if seed is None else seed,
    )
    folder = Path(tempfile.mkdtemp(prefix="relay-soak-"))
    console.print(f"seed {soak.seed}, logs in {folder}", highlight=False, soft_wrap=True)
    with EmbeddedKafka.start(data=folder / "kafka") as broker:
        asyncio.run(run(broker, folder, soak, minutes=minutes, messages=messages, calls=calls))
    out.write_text(as_json(soak))
    console.print(told(soak), highlight=False, soft_wrap=True)
    if soak.clean:
        shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if soak.clean else 1)


if __name__ == "__main__":
    typer.run(main)
