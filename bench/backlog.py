"""How fast a contestant works off a backlog that is there at once, and what a fetch costs meanwhile."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.processes import MEGABYTE, busy_seconds, cpu_seconds, peak_of
from bench.running import Running
from bench.topics import Reader, Writer, message_ids
from bench.waiting import TooLong, until

READY_SECONDS = 90
WARM = 300
DEADLINE_SECONDS = 300
MICRO = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The processes beside the contestant: whatever it makes them do is its cost, too."""

    broker: int
    upstream: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What working off a backlog came to.

    `busy_cores`: of the whole machine, by everybody. `counted`: how the contestant's own counters rose meanwhile.
    """

    fetches: int
    seconds: float
    per_second: float
    cpu_us: float
    broker_cpu_us: float
    upstream_cpu_us: float
    peak_mb: float
    busy_cores: float
    counted: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        return asdict(self)


def warm(running: Running, reader: Reader, writer: Writer) -> None:
    """Wait until the contestant works: ready, and a few hundred requests done."""
    ids = message_ids(WARM)
    try:
        until(running.ready, seconds=READY_SECONDS, what="ready")
    except TooLong as error:
        raise TooLong(f"{error}\n{running.said()}") from None
    writer.write_all(ids)
    if left := reader.await_all(ids, READY_SECONDS):
        raise TooLong(f"{len(left)} of the first {WARM} events did not come\n{running.said()}")


def worked(running: Running, reader: Reader, writer: Writer, around: Around, count: int) -> Worked:
    """Write so many requests at once; measure from the first of them to the last visible event."""
    ids = message_ids(count)
    before = running.counted()
    used, busy = _used(running, around), busy_seconds()
    began = time.perf_counter()
    with peak_of(running.pids) as peak:
        writer.write_all(ids)
        if left := reader.await_all(ids, DEADLINE_SECONDS):
            raise TooLong(f"{len(left)} of {count} events did not come\n{running.said()}")
        seconds = time.perf_counter() - began
        busy = busy_seconds() - busy
        own, broker, upstream = (
            (after - earlier) / count * MICRO for after, earlier in zip(_used(running, around), used, strict=True)
        )
    after = running.counted()
    return Worked(
        fetches=count,
        seconds=round(seconds, 3),
        per_second=round(count / seconds),
        cpu_us=round(own, 1),
        broker_cpu_us=round(broker, 1),
        upstream_cpu_us=round(upstream, 1),
        peak_mb=round(peak.bytes / MEGABYTE, 1),
        busy_cores=round(busy / seconds, 2),
        counted={name: after[name] - before.get(name, 0.0) for name in after if name.endswith(("_total", "_count"))},
    )


def _used(running: Running, around: Around) -> tuple[float, float, float]:
    return cpu_seconds(*running.pids), cpu_seconds(around.broker), cpu_seconds(around.upstream)
