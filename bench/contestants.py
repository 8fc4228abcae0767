"""Who competes: by name, what each is, and how it is started."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from bench.benthos_engine import benthos
from bench.relaying import relay
from bench.running import Place, Running, plain_environ

CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One way of doing the job. `part`: how much of the backlog it is given, so that slow ones end, too."""

    title: str
    promises: str
    start: Callable[[Place], Running]
    part: float = 1.0


def _naive(module: str, place: Place) -> Running:
    running = Running()
    running.start([sys.executable, "-m", "faststream", "run", f"{module}:app"], place, plain_environ(place))
    return running


CONTESTANTS: Mapping[str, Contestant] = MappingProxyType(
    {
        "relay": Contestant(title="relay, one process", promises="exactly once", start=relay),
        "relay-cores": Contestant(
            title=f"relay, {CORES} processes", promises="exactly once", start=partial(relay, processes=CORES)
        ),
        "benthos": Contestant(title="Benthos 4.27", promises="at least once, no state", start=benthos),
        "naive-httpx": Contestant(
            title="FastStream + httpx",
            promises="auto-commit, no state",
            start=partial(_naive, "bench.naive.httpx_service"),
            part=0.1,
        ),
        "naive-aiohttp": Contestant(
            title="FastStream + aiohttp",
            promises="auto-commit, no state",
            start=partial(_naive, "bench.naive.aiohttp_service"),
            part=0.1,
        ),
    }
)
