"""Faults of the relay's processes: crashes, freezes, orderly ends, replays."""

import asyncio
from pathlib import Path

from relay.kafka.partitions import partition_of
from relay.simulator.faults import FaultKind
from relay.slot.keys import account_shard_key
from tests.chaos.checker import DRAINS
from tests.chaos.launcher import set_clock
from tests.chaos.provider_faults import struck_by
from tests.chaos.scene import TIMEOUT_SECONDS, Scene
from tests.offsets import rewind, trim
from tests.polling import eventually
from tests.replica import Replica

STRUCK_SECONDS = 120
KEPT = 20_000  # records of a topic that are read again, half a minute of lookups: the topics of a long run grow


async def nothing(scene: Scene) -> None:
    """Leave everything alone: what a good day looks like."""
    await scene.flowing()


async def one_killed(scene: Scene) -> None:
    """Kill -9 one of two at a random instant and start another."""
    await _a_while(scene, 2)
    scene.retire(scene.a_replica()).kill()
    await scene.start()


async def both_killed(scene: Scene) -> None:
    """Kill -9 both at once and start two others."""
    await _a_while(scene, 2)
    for victim in [*scene.live]:
        scene.retire(victim).kill()
    await asyncio.gather(scene.start(), scene.start())


async def frozen(scene: Scene) -> None:
    """Stop one with SIGSTOP until the other was given its partitions, and a while longer; then wake it."""
    await _a_while(scene, 2)
    victim = scene.a_replica()
    heir = _other(scene, victim)
    before = scene.told(heir, "slots.assigned")
    victim.freeze()
    await scene.told_again(heir, "slots.assigned", before)
    await _a_while(scene, 4)
    victim.wake()


async def frozen_before_sends(scene: Scene) -> None:
    """Freeze one that has decided but written nothing; its heir decides the same before it wakes."""
    victim, heir, restored = await _struck(scene, "begin")
    await scene.told_again(heir, "slots.restored", restored)
    await _a_while(scene, 4)
    await _woken(scene, victim)


async def frozen_after_sends(scene: Scene) -> None:
    """Freeze one inside its transaction, after the sends; wake it before the transaction times out."""
    await _frozen_inside(scene, "offsets")


async def frozen_after_offsets(scene: Scene) -> None:
    """Freeze one inside its transaction, after the offsets; wake it before the transaction times out."""
    await _frozen_inside(scene, "commit")


async def killed_after_sends(scene: Scene) -> None:
    """Kill -9 one inside its transaction, after the sends."""
    await _killed_inside(scene, "offsets")


async def killed_after_offsets(scene: Scene) -> None:
    """Kill -9 one inside its transaction, after the offsets."""
    await _killed_inside(scene, "commit")


async def ended_in_order(scene: Scene) -> None:
    """SIGTERM to one under load, which must end with 0 within 30 s; then start another."""
    await _a_while(scene, 2)
    await scene.leave(scene.a_replica())
    await scene.start()


async def scaled(scene: Scene) -> None:
    """From two replicas to one, two, three and one, each in order, then two again."""
    await scene.leave(scene.a_replica())
    for _ in range(2):
        await scene.flowing()
        await scene.start()
    for _ in range(2):
        await scene.flowing()
        await scene.leave(scene.a_replica())
    await scene.start()


async def clock_moved(scene: Scene) -> None:
    """Move one replica's wall clock forward, right it, move it back, right it: by up to a minute each time."""
    clock = scene.world.folder / f"clock-{len(scene.world.replicas)}"
    set_clock(clock, 0)
    await scene.leave(scene.a_replica())
    await scene.start(CLOCK=str(clock))
    for seconds in (scene.draw.uniform(5, 60), 0, -scene.draw.uniform(5, 60), 0):
        await scene.flowing()
        set_clock(clock, seconds)


async def inputs_replayed(scene: Scene) -> None:
    """Set the offsets of both inputs to the beginning while no replica runs."""
    world = scene.world
    await _all_left(scene)
    for topic in (world.topics["fetch_requests"], world.topics["messages_sent"]):
        await trim(world, f"{world.group}.ingest.{topic}", topic, kept=KEPT)
        await rewind(world, f"{world.group}.ingest.{topic}", topic)
    await asyncio.gather(scene.start(), scene.start())


async def internals_replayed(scene: Scene) -> None:
    """Set the offsets of the inbox and of the raw answers to the beginning while no replica runs."""
    await _all_left(scene)
    await trim(scene.world, scene.world.group, scene.world.topics["inbox"], kept=KEPT)
    await rewind(scene.world, scene.world.group, scene.world.topics["inbox"], scene.world.topics["raw"])
    await asyncio.gather(scene.start(), scene.start())


async def _a_while(scene: Scene, seconds: float) -> None:
    """Let a random part of some seconds pass: when a fault strikes is left to chance."""
    await asyncio.sleep(scene.draw.uniform(0, seconds))


def _other(scene: Scene, victim: Replica) -> Replica:
    return next(replica for replica in scene.live if replica is not victim)


async def _all_left(scene: Scene) -> None:
    await asyncio.gather(*(scene.leave(replica) for replica in [*scene.live]))


async def _frozen_inside(scene: Scene, place: str) -> None:
    victim, heir, _ = await _struck(scene, place)
    await scene.told_again(heir, "slots.assigned", scene.told(heir, "slots.assigned"))
    await _woken(scene, victim)


async def _killed_inside(scene: Scene, place: str) -> None:
    victim, _, _ = await _struck(scene, place, "kill")
    assert not victim.running
    await scene.start()


async def _struck(scene: Scene, place: str, action: str = "freeze") -> tuple[Replica, Replica, int]:
    """Put a replica with a failpoint in the place of another, and wait until it comes there.

    Returns it, the one that is left, and how often that one had restored its slots before.
    """
    trigger: Path = scene.world.folder / f"trigger-{len(scene.world.replicas)}"
    await scene.leave(scene.a_replica())
    (heir,) = scene.live
    victim = await scene.start(FAILPOINT=place, TRIGGER=str(trigger), ACTION=action)
    while scene.pile_seconds and not _has_calls(scene, victim):  # chance gives them to either
        await scene.leave(victim)
        victim = await scene.start(FAILPOINT=place, TRIGGER=str(trigger), ACTION=action)
    scene.retire(victim)
    await scene.flowing()
    if scene.pile_seconds:
        await _piled_up(scene)
    restored = scene.told(heir, "slots.restored")
    trigger.touch()  # noqa: ASYNC240 - it takes no time
    await eventually(lambda: victim.frozen or not victim.running, seconds=STRUCK_SECONDS, what="stop at the place")
    return victim, heir, restored


def _has_calls(scene: Scene, replica: Replica) -> bool:
    """Tell whether it owns the slot in which calls are collected."""
    place = partition_of(account_shard_key("voice"), scene.world.partitions)
    return place in replica.lines("slots.assigned")[-1]["partitions"]


async def _piled_up(scene: Scene) -> None:
    """Let the provider take so long for a while that many calls wait: what is decided next is large."""
    slow = {"kind": FaultKind.DELAY, "delay_seconds": 0.8 * TIMEOUT_SECONDS, "account": DRAINS}
    await struck_by(slow, seconds=scene.pile_seconds)(scene)


async def _woken(scene: Scene, victim: Replica) -> None:
    """Let it go on, see what comes of it, and put a replica without failpoints in its place."""
    victim.wake()
    await scene.flowing()
    scene.live.append(victim)
    await scene.leave(victim)
    await scene.start()
