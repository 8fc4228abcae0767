"""How long after its request an event becomes visible, at an even rate that leaves the machine time."""

import time
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any

from bench.running import Running
from bench.topics import Reader, Writer, message_ids, message_of

SETTLE_SECONDS = 1.0
GRACE_SECONDS = 5.0
PERCENTILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Delays at a rate, in milliseconds; none where the contestant did not keep up with it."""

    rate: int
    samples: int
    median_ms: float | None
    p99_ms: float | None

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        return asdict(self)


def delays(running: Running, reader: Reader, writer: Writer, rate: int, seconds: float) -> Delays:
    """Send requests at so many a second; the first second's don't count. None is sent where `seconds` is 0."""
    if not seconds:
        return Delays(rate=rate, samples=0, median_ms=None, p99_ms=None)
    ids = message_ids(round(rate * (SETTLE_SECONDS + seconds)))
    sent: dict[bytes, float] = {}
    took: dict[bytes, float] = {}
    began = time.perf_counter()
    deadline = began + len(ids) / rate + GRACE_SECONDS
    for number, message_id in enumerate(ids):
        _read(reader, took, until=began + number / rate)
        sent[message_id.encode()] = time.perf_counter()
        writer.write(message_id)
        writer.served()
    while len(took) < len(ids) and time.perf_counter() < deadline:
        _read(reader, took, until=time.perf_counter() + 0.05)
    counting = [took[key] - at for key, at in sent.items() if key in took and at - began >= SETTLE_SECONDS]
    if len(took) < len(ids):
        _catch_up(running, reader, took, ids)
        return Delays(rate=rate, samples=len(counting), median_ms=None, p99_ms=None)
    cuts = quantiles(counting, n=PERCENTILES, method="inclusive")
    return Delays(
        rate=rate,
        samples=len(counting),
        median_ms=round(cuts[PERCENTILES // 2 - 1] * 1000, 2),
        p99_ms=round(cuts[-1] * 1000, 2),
    )


def _read(reader: Reader, took: dict[bytes, float], *, until: float) -> None:
    """Note when events become visible, until an instant."""
    while (left := until - time.perf_counter()) > 0:
        records = reader.read(left)
        now = time.perf_counter()
        for record in records:
            took[message_of(record)] = now


def _catch_up(running: Running, reader: Reader, took: dict[bytes, float], ids: list[str]) -> None:
    """Let it work off what is left, so that the next rate begins with nothing to do."""
    deadline = time.perf_counter() + 60
    while len(took) < len(ids) and time.perf_counter() < deadline and all(p.alive for p in running.processes):
        _read(reader, took, until=time.perf_counter() + 0.2)
