"""What a lookup costs that brings no news, beside one that brings a status change; both by the timers alone."""

import time
from typing import Any

from bench.backlog import MICRO, READY_SECONDS
from bench.processes import cpu_seconds
from bench.relaying import relay
from bench.running import Running
from bench.scene import Scene
from bench.topics import Reader, Topics, Writer, message_ids
from bench.waiting import TooLong, until

INTERVAL_SECONDS = 5.0
INTERVALS = 2
STEPS = 100
DEADLINE_SECONDS = 60


def polling(scene: Scene, *, messages: int) -> dict[str, Any]:
    """Let so many messages pend, look for a while, then let all of them be delivered."""
    scene.upstream.tell("_answer/pending")
    try:
        with scene.place() as place:
            topics = place.topics
            topics.create("fetch_requests", "delivered")
            with (
                relay(place, poll_seconds=INTERVAL_SECONDS) as running,
                Reader(scene.bootstrap, [topics.names["delivered"]]) as reader,
                Writer(scene.bootstrap, topics.names["fetch_requests"]) as writer,
            ):
                ids = _pending(running, writer, messages)
                quiet = _quiet(scene, running, topics)
                return {"messages": messages, **quiet, "changing_us": _changing(scene, running, reader, ids)}
    finally:
        scene.upstream.tell("_answer/delivered")


def _pending(running: Running, writer: Writer, messages: int) -> list[str]:
    """Ask about the messages evenly over an interval, as their polls will then be; wait until all were asked once."""
    until(running.ready, seconds=READY_SECONDS, what="ready")
    ids = message_ids(messages)
    for step in range(STEPS):
        writer.write_all(ids[step::STEPS])
        time.sleep(INTERVAL_SECONDS / STEPS)
    until(
        lambda: running.counted()["relay_messages_pending"] == messages,
        seconds=DEADLINE_SECONDS,
        what=f"{messages} pending messages",
        every=0.5,
    )
    time.sleep(2 * INTERVAL_SECONDS)
    return ids


def _quiet(scene: Scene, running: Running, topics: Topics) -> dict[str, float]:
    ends, served, used = topics.ends(), scene.upstream.tell("_served"), cpu_seconds(*running.pids)
    time.sleep(INTERVALS * INTERVAL_SECONDS)
    used, served = cpu_seconds(*running.pids) - used, scene.upstream.tell("_served") - served
    later = topics.ends()
    writes = sum(end - ends.get(place, 0) for place, end in later.items())
    return {"lookups": served, "quiet_us": round(used / max(served, 1) * MICRO, 1), "writes": writes}


def _changing(scene: Scene, running: Running, reader: Reader, ids: list[str]) -> float:
    used = cpu_seconds(*running.pids)
    scene.upstream.tell("_answer/delivered")
    if left := reader.await_all(ids, DEADLINE_SECONDS):
        raise TooLong(f"{len(left)} of {len(ids)} changes did not come\n{running.said()}")
    return round((cpu_seconds(*running.pids) - used) / len(ids) * MICRO, 1)
