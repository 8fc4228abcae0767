"""Runs rounds: load, a fault, more load, settling, the checker's verdict; the state of the world is carried on."""

import asyncio
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.checker import CLEAN, Verdict, busiest, exceeded, expected, judge
from tests.chaos.faults import Strike
from tests.chaos.load import Load
from tests.chaos.scene import LIMITS, Scene
from tests.polling import eventually_async

AFTERWARDS_SECONDS = 3.0  # of load, once the fault is over
ASKED_AGAIN_SECONDS = 3.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round was and came to; `settling_seconds` from the end of the load to the last event that was due."""

    number: int
    fault: str
    seconds: float
    settling_seconds: float
    messages: int
    calls: int
    events: int
    hostile: int
    verdict: Verdict
    complaints: tuple[str, ...]
    ended: tuple[str, ...]
    ending_seconds: tuple[float, ...]
    most: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong; a process that ended by itself and was replaced is no wrong."""
        return self.verdict == CLEAN and not self.complaints


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much is sent in a second."""

    messages: int = 100
    calls: int = 30


async def played(scene: Scene, *, number: int, fault: str, strike: Strike, seed: int, rate: Rate) -> Round:
    """Play one round to its end."""
    scene.draw = random.Random(f"{seed}/{number}")
    for noted in (scene.complaints, scene.ended, scene.ending_seconds):
        noted.clear()
    busiest(scene.simulator)
    mark, began = len(scene.world.seen), time.monotonic()
    draw, hostile = random.Random(f"{seed}/{number}/load"), len(scene.poison.written)
    load = Load(scene.world, draw, messages=rate.messages, calls=rate.calls, poison=scene.poison)
    await _struck(scene, load, strike)
    over_at = time.monotonic()
    await settled(scene, load, mark)
    settling_seconds = time.monotonic() - over_at
    await _quiet(scene)
    most, events = busiest(scene.simulator), scene.events(mark)
    found = judge(scene.simulator, events, messages=load.message_ids, calls=load.call_ids)
    found += scene.poison.judge(scene.world.refused)
    return Round(
        number=number,
        fault=fault,
        seconds=round(time.monotonic() - began, 1),
        settling_seconds=round(settling_seconds, 1),
        messages=len(load.message_ids),
        calls=len(load.call_ids),
        events=len(events),
        hostile=len(scene.poison.written) - hostile,
        verdict=found + exceeded(most, LIMITS),
        complaints=tuple(scene.complaints),
        ended=tuple(scene.ended),
        ending_seconds=tuple(round(seconds, 1) for seconds in scene.ending_seconds),
        most=most,
    )


async def _struck(scene: Scene, load: Load, strike: Strike) -> None:
    """Strike under load; a fault that can't be played out is a complaint, and the scene is repaired."""
    loading = asyncio.create_task(load.run())
    try:
        await scene.flowing()
        await strike(scene)
        await asyncio.sleep(AFTERWARDS_SECONDS)
    except (TimeoutError, AssertionError) as error:
        scene.complaints.append(f"the fault broke off: {error or type(error).__name__}"[:500])
        await scene.repair()
    finally:
        load.stop()
        await loading


async def settled(scene: Scene, load: Load, mark: int) -> None:
    """Wait until all that is due of a round was published, or until nothing moves any more."""
    missing = expected(scene.simulator, load.message_ids, load.call_ids)
    least, moved_at, asked_at = sys.maxsize, time.monotonic(), 0.0
    while time.monotonic() < moved_at + scene.patience_seconds:
        missing.difference_update((event["message_id"], event["type"]) for event in scene.events(mark))
        if not (missing or scene.simulator.unread() or scene.poison.missing(scene.world.refused)):
            return
        if len(scene.world.seen) > mark:
            mark, moved_at = len(scene.world.seen), time.monotonic()
        if time.monotonic() > asked_at + ASKED_AGAIN_SECONDS:
            asked_at = time.monotonic()
            if scene.simulator.unread():  # calls that nobody told of
                await scene.world.fetch(account="voice")
            if (backlog := await scene.world.backlog()) is not None and backlog < least:
                least, moved_at = backlog, time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)


async def _quiet(scene: Scene) -> None:
    try:
        await eventually_async(scene.world.taken, seconds=scene.patience_seconds, what="quiet")
    except TimeoutError:
        scene.complaints.append("inputs were not all taken")


def whole(scene: Scene) -> Verdict:
    """Judge everything that there ever was."""
    return judge(scene.simulator, scene.events(0)) + scene.poison.judge(scene.world.refused)
