"""A contestant at work: its processes, what it needs to be ready, what it counts by itself."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.topics import Topics
from relay.kafka.embedded.process import KeptProcess

STOP_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a contestant works: the broker, the provider and its topics, a folder for its files."""

    topics: Topics
    url: str
    folder: Path


def always() -> bool:
    """Say that nothing need be waited for: the first events will show."""
    return True


def nothing() -> Mapping[str, float]:
    """Count nothing."""
    return {}


@dataclass(slots=True, kw_only=True)
class Running:
    """Processes that run until the end of the `with` block; `counted` gives what they count of themselves."""

    ready: Callable[[], bool] = always
    counted: Callable[[], Mapping[str, float]] = nothing
    processes: list[KeptProcess] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)

    def start(self, command: Sequence[str | Path], place: Place, environ: Mapping[str, str] | None = None) -> None:
        """Start one more process."""
        log = place.folder / f"{place.topics.prefix}-{len(self.processes)}.log"
        self.logs.append(log)
        environ = {**os.environ, **(environ or {})}
        self.processes.append(
            KeptProcess(command, folder=Path.cwd(), log=log, remove_if_abandoned=None, environ=environ)
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes' ids."""
        return tuple(process.pid for process in self.processes)

    def said(self) -> str:
        """Return the end of what the processes logged, for when something is wrong."""
        return "\n".join(log.read_text(errors="replace")[-1500:] for log in self.logs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as all_of_them:
            for process in self.processes:
                all_of_them.callback(process.terminate, STOP_SECONDS)


def plain_environ(place: Place) -> dict[str, str]:
    """Return the variables that the naive services and Benthos read."""
    return {
        "BOOTSTRAP": place.topics.bootstrap,
        "REQUESTS": place.topics.names["fetch_requests"],
        "EVENTS": place.topics.names["delivered"],
        "GROUP": place.topics.prefix,
        "URL": place.url,
    }
