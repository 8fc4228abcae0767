"""Faults of Kafka: brokers ended in order, killed, away for long, lost one by one."""

import asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.chaos.cluster import controller_of
from tests.chaos.scene import Scene

WITHOUT_SECONDS = 8.0


async def restarted(scene: Scene) -> None:
    """End the broker in order and start it again; of several, all at once."""
    await scene.start_brokers()


async def killed(scene: Scene) -> None:
    """Kill -9 the broker and start it at once; of several, all."""
    await scene.end_brokers()
    await scene.start_brokers()


async def away(scene: Scene) -> None:
    """Kill -9 the broker and leave Kafka away, for 30 to 90 s in a long run."""
    await scene.end_brokers()
    await asyncio.sleep(scene.draw.uniform(*scene.away_seconds))
    await scene.start_brokers()


async def one_lost(scene: Scene) -> None:
    """Kill -9 one of three brokers that is not the controller, and do without it for a while."""
    controller = await asyncio.to_thread(controller_of, scene.brokers)
    await _without(scene, scene.draw.choice([broker for broker in scene.brokers if broker is not controller]))


async def controller_lost(scene: Scene) -> None:
    """Kill -9 the broker that is the active controller, and do without it for a while."""
    await _without(scene, await asyncio.to_thread(controller_of, scene.brokers))


async def one_then_controller_lost(scene: Scene) -> None:
    """Lose one broker and, as soon as it is back, the controller."""
    await one_lost(scene)
    await controller_lost(scene)


async def _without(scene: Scene, broker: EmbeddedKafka) -> None:
    await asyncio.to_thread(broker.kill)
    await scene.flowing()
    await asyncio.sleep(WITHOUT_SECONDS)
    await asyncio.to_thread(broker.restart)
