"""How fast one process publishes unread voice reports, which the provider hands out once."""

import json
import time
from typing import Any

from bench.backlog import DEADLINE_SECONDS, MICRO, READY_SECONDS
from bench.processes import MEGABYTE, cpu_seconds, peak_of
from bench.relaying import VOICE, relay
from bench.running import Running
from bench.scene import Scene
from bench.topics import EVENTS, Reader, Writer
from bench.waiting import TooLong, until

PAGE = 1_000  # the most that the provider gives
EVENTS_EACH = 2  # the report of the documentation tells of a call that was delivered, and answered by a person
REQUEST = json.dumps({"request_id": "all", "account": "voice"}).encode()


def draining(scene: Scene, *, pages: int) -> dict[str, Any]:
    """Lay out pages of reports, ask for whatever is unread, wait until every event is visible."""
    with scene.place() as place:
        names = place.topics.names
        place.topics.create("fetch_requests", *EVENTS)
        with (
            relay(place, account=VOICE) as running,
            Reader(scene.bootstrap, [names[name] for name in EVENTS]) as reader,
            Writer(scene.bootstrap, names["fetch_requests"]) as writer,
        ):
            until(running.ready, seconds=READY_SECONDS, what="ready")
            _drained(scene, running, reader, writer, first=0, pages=1)
            used = cpu_seconds(*running.pids)
            with peak_of(running.pids) as peak:
                seconds = _drained(scene, running, reader, writer, first=1, pages=pages)
            used = cpu_seconds(*running.pids) - used
    reports = pages * PAGE
    return {
        "reports": reports,
        "reports_per_second": round(reports / seconds),
        "events_per_second": round(reports * EVENTS_EACH / seconds),
        "cpu_us": round(used / reports * MICRO, 1),
        "peak_mb": round(peak.bytes / MEGABYTE, 1),
    }


def _drained(scene: Scene, running: Running, reader: Reader, writer: Writer, *, first: int, pages: int) -> float:
    """Return how long it took."""
    scene.upstream.tell(f"_pages/{first}/{pages}/{PAGE}")
    left = pages * PAGE * EVENTS_EACH
    began = time.perf_counter()
    writer.put(b"voice", REQUEST, 0)
    writer.flush()
    while left > 0 and time.perf_counter() < began + DEADLINE_SECONDS:
        left -= len(reader.read())
    if left:
        raise TooLong(f"{left} events of a drain did not come, or too many\n{running.said()}")
    return time.perf_counter() - began
