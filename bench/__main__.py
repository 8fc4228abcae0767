"""`python -m bench`: measures, and writes bench.json, docs/performance.md and its picture."""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench.alone.measuring import Sizes, alone
from bench.contest import contest, provider_figures
from bench.contestants import CONTESTANTS
from bench.machine import host_watched, machine, versions
from bench.page import write
from bench.scene import scene

console = Console(stderr=True, highlight=False, soft_wrap=True)


def stamp() -> dict[str, Any]:
    """Say what the figures are taken with, and when."""
    return {
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "taken_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": machine(),
        "versions": versions(),
    }


def measure_contest(*, names: list[str], rounds: int, backlog: int, latency_seconds: float) -> dict[str, Any]:
    """Let the contestants compete."""
    taken = stamp()
    with scene(nginx=True) as made, host_watched(taken["machine"]):
        provider = provider_figures(made)
        console.print(f"the provider, {provider['server']}: {provider['capacity_per_second']} answers/s")
        results = contest(
            made, names, rounds=rounds, backlog=backlog, latency_seconds=latency_seconds, said=console.print
        )
    return {"stamp": taken, "rounds": rounds, "backlog": backlog, "provider": provider, "contestants": results}


def measure_alone(sizes: Sizes) -> dict[str, Any]:
    """Measure the relay by itself."""
    taken = stamp()
    with scene() as made, host_watched(taken["machine"]):
        measured = alone(made, sizes, console.print)
    return {"stamp": taken, **measured}


def main(
    part: Annotated[list[str] | None, typer.Option(help="contest or alone; both by default.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 5,
    backlog: Annotated[int, typer.Option(min=100, help="Requests that are there at once.")] = 30_000,
    latency_seconds: Annotated[float, typer.Option(min=0, help="How long at each even rate; 0 for not at all.")] = 12,
    contestant: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    pending: Annotated[int, typer.Option(min=1_000, help="Messages for the memory and the restore.")] = 1_000_000,
    out: Annotated[Path, typer.Option(help="Where the figures go; parts not measured now stay.")] = Path("bench.json"),
    page: Annotated[Path, typer.Option(help="The page that is written.")] = Path("docs/performance.md"),
    redraw: Annotated[bool, typer.Option("--redraw", help="Measure nothing: write the page from the figures.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Measure the relay beside what else people would do the job with."""
    names = _known(contestant, CONTESTANTS)
    sizes = Sizes(rounds=rounds, backlog=backlog, polled=backlog // 5, pending=pending, pages=max(1, backlog // 600))
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "contest": lambda: measure_contest(
            names=names, rounds=rounds, backlog=backlog, latency_seconds=latency_seconds
        ),
        "alone": lambda: measure_alone(sizes),
    }
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    for name in [] if redraw else _known(part, parts):
        results[name] = parts[name]()
        out.write_text(json.dumps(results, indent=1) + "\n")
    write(results, page)
    console.print(f"figures in {out}, the page is {page}")


def _known(asked: list[str] | None, names: Iterable[str]) -> list[str]:
    """Return what was asked for, by default all of it."""
    known = list(names)
    if unknown := set(asked or ()) - set(known):
        raise typer.BadParameter(f"{', '.join(unknown)} is none of {', '.join(known)}")
    return [name for name in known if not asked or name in asked]


if __name__ == "__main__":
    typer.run(main)
