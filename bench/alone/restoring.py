"""How long a process takes that finds many pending messages: to restore them, and from its start to ready."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.alone.pending import pending_state
from bench.processes import MEGABYTE, resident_bytes
from bench.relaying import relay
from bench.running import Place, Running
from bench.scene import Scene
from bench.topics import Writer
from bench.waiting import until
from relay.observe.lines import Line

DEADLINE_SECONDS = 600
STATE_TOPIC = {"cleanup.policy": "compact"}


@contextmanager
def stored(scene: Scene, *, messages: int) -> Iterator[Place]:
    """Write the states of so many pending messages, for relays that are started on them."""
    with scene.place() as place:
        place.topics.create("fetch_requests")
        place.topics.create("state", config=STATE_TOPIC)
        with Writer(scene.bootstrap, place.topics.names["state"]) as writer:
            for _ in range(messages):
                writer.put(*pending_state())
        yield place


def restored(place: Place, messages: int) -> dict[str, Any]:
    """Start a relay; measure until it is ready, and until all timers are armed."""
    began = time.perf_counter()
    with relay(place) as running:
        until(running.ready, seconds=DEADLINE_SECONDS, what="ready")
        ready = time.perf_counter() - began
        until(
            lambda: running.counted()["relay_messages_pending"] == messages,
            seconds=DEADLINE_SECONDS,
            what="all timers armed",
            every=0.5,
        )
        return {
            "messages": messages,
            "restore_seconds": _seconds_of_restore(running),
            "ready_seconds": round(ready, 2),
            "armed_seconds": round(time.perf_counter() - began, 2),
            "resident_mb": round(resident_bytes(*running.pids) / MEGABYTE),
        }


def _seconds_of_restore(running: Running) -> float:
    """Return what the relay itself logged."""
    lines = [json.loads(line) for line in running.logs[0].read_text().splitlines() if Line.SLOTS_RESTORED in line]
    return float(lines[-1]["seconds"])
