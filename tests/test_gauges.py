"""What is measured while a process runs, and what is held against it: nothing while Kafka is away."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from relay.gauges import RESTORE_SECONDS, TURN_SECONDS, measure
from relay.lookups.accounts import Accounts
from relay.observe.metrics import Metrics
from relay.pulse import Pulse
from relay.readiness import why_not_ready
from relay.watchdog import Watched


def a_loop(*, awaits_kafka: bool = False, **since: float | None) -> Any:
    """Return what is measured of a loop without slots; `since`: monotonic instants."""
    return SimpleNamespace(
        ownership=SimpleNamespace(
            slots={}, acquiring_since=since.get("acquiring_since"), joined=True, ready=lambda: True
        ),
        letters=SimpleNamespace(wait_in=lambda _: False),
        awaits_kafka=awaits_kafka,
        turning_since=since.get("turning_since"),
    )


async def measured(loop: Any, watched: Watched) -> Metrics:
    """Measure once."""
    metrics = Metrics("1.0")
    drains: Any = SimpleNamespace(delayed=False)

    def is_ready() -> bool:
        return why_not_ready(loop, None, drains, watched) is None

    task = asyncio.create_task(measure(loop, Accounts({}, partitions=1), metrics, watched, is_ready))
    await asyncio.sleep(0)
    task.cancel()
    return metrics


@pytest.mark.parametrize("away", ["kafka_lost", "awaits_kafka"])
@pytest.mark.parametrize(("what", "allowed"), [("turning_since", TURN_SECONDS), ("acquiring_since", RESTORE_SECONDS)])
async def test_what_waits_for_kafka_is_not_stuck(what: str, allowed: float, away: str) -> None:
    """A turn or a restore that takes too long ends the process, but not while Kafka is lost or waited for."""
    since: dict[str, Any] = {what: time.monotonic() - allowed - 1}
    watched = Watched(Pulse())
    await measured(a_loop(**since), watched)
    assert watched.stuck(time.monotonic()) is not None
    watched.kafka_lost = away == "kafka_lost"
    await measured(a_loop(awaits_kafka=away == "awaits_kafka", **since), watched)
    assert watched.stuck(time.monotonic()) is None


@pytest.mark.parametrize("lost", [False, True])
async def test_the_metric_says_that_kafka_is_lost(*, lost: bool) -> None:
    """`relay_ready` is what /ready says, for those who only look at metrics."""
    watched = Watched(Pulse())
    watched.kafka_lost = lost
    metrics = await measured(a_loop(), watched)
    assert metrics.registry.get_sample_value("relay_ready") == (not lost)
