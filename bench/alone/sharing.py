"""Which part of the relay takes how much of the time, and which of its threads, while it works off a backlog."""

import json
import os
import signal
from typing import Any

import psutil

from bench.backlog import warm, worked
from bench.relaying import relay
from bench.scene import Scene
from bench.topics import Reader, Writer
from bench.waiting import until

MAIN, OTHERS = "main thread: all of Python", "other threads: names, answers that are pages, memory given back"


def sharing(scene: Scene, *, backlog: int) -> dict[str, Any]:
    """Profile one process."""
    with scene.place() as place:
        names = place.topics.names
        place.topics.create("fetch_requests", "delivered")
        out = place.folder / f"{place.topics.prefix}-samples.json"
        with (
            relay(place, command=("-m", "bench.alone.profiled", out)) as running,
            Reader(scene.bootstrap, [names["delivered"]]) as reader,
            Writer(scene.bootstrap, names["fetch_requests"]) as writer,
        ):
            warm(running, reader, writer)
            (pid,) = running.pids
            before = _by_thread(pid)
            os.kill(pid, signal.SIGUSR1)
            worked(running, reader, writer, scene.around, backlog)
            os.kill(pid, signal.SIGUSR2)
            after = _by_thread(pid)
            until(lambda: out.exists() and out.stat().st_size > 0, seconds=10, what="the samples")
        counts = json.loads(out.read_text())
    total, used = sum(counts.values()), {name: after[name] - before[name] for name in after}
    return {
        "fetches": backlog,
        "samples": total,
        "threads": {name: round(seconds / sum(used.values()), 3) for name, seconds in used.items()},
        "parts": {name: round(count / total, 3) for name, count in counts.items()},
    }


def _by_thread(pid: int) -> dict[str, float]:
    used = {MAIN: 0.0, OTHERS: 0.0}
    for thread in psutil.Process(pid).threads():
        used[MAIN if thread.id == pid else OTHERS] += thread.user_time + thread.system_time
    return used
