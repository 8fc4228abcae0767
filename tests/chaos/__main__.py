"""`python -m tests.chaos`: rounds of random faults against real processes; exit code 1 if anything is wrong."""

import asyncio
import itertools
import logging
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.chaos.cluster import NODES, cluster
from tests.chaos.faults import ALL, FAULTS, dealt
from tests.chaos.figures import Run, as_json, line, table
from tests.chaos.rounds import Rate, Round, played, whole
from tests.chaos.scene import PAGE, scene

TABLE_WIDTH = 190
console = Console(stderr=True)


async def run(
    brokers: list[EmbeddedKafka],
    folder: Path,
    *,
    rounds: int,
    seed: int,
    minutes: float,
    names: list[str],
    rate: Rate,
    page: int,
    pile: float,
) -> Run:
    """Play the rounds, as many as fit into the minutes, and judge everything at the end."""
    began, started_at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    done: list[Round] = []
    async with scene(brokers, folder, page=page, pile_seconds=pile) as made:
        for number, fault in enumerate(itertools.islice(dealt(names, seed), rounds), 1):
            if time.monotonic() - began > minutes * 60:
                break
            with console.status(f"round {number} of {rounds}: {fault}"):
                done.append(await played(made, number=number, fault=fault, strike=ALL[fault], seed=seed, rate=rate))
            console.print(line(done[-1]), highlight=False, soft_wrap=True)
        verdict = whole(made)
    return Run(
        command=" ".join(["python -m tests.chaos", *sys.argv[1:]]),
        seed=seed,
        brokers=len(brokers),
        started_at=started_at,
        seconds=round(time.monotonic() - began),
        rounds=done,
        at_the_end=verdict,
    )


@contextmanager
def _kafka(brokers: int, folder: Path) -> Iterator[list[EmbeddedKafka]]:
    if brokers == NODES:
        with cluster(folder) as nodes:
            yield nodes
    else:
        with EmbeddedKafka.start(data=folder / "kafka") as node:
            yield [node]


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How many rounds.")] = 100,
    seed: Annotated[int | None, typer.Option(help="Repeats a run; a random one is shown.")] = None,
    minutes: Annotated[float, typer.Option(help="Begin no round after so many minutes.")] = 24 * 60,
    only: Annotated[list[str] | None, typer.Option(help="Faults whose names contain this; may be repeated.")] = None,
    brokers: Annotated[int, typer.Option(help="1, or 3: a cluster, with faults of its own; a gigabyte.")] = 1,
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = Path("chaos.json"),
    messages: Annotated[int, typer.Option(help="Messages a second.")] = 100,
    calls: Annotated[int, typer.Option(help="Calls a second.")] = 30,
    page: Annotated[int, typer.Option(help="Reports of calls that are collected at once.")] = PAGE,
    pile: Annotated[float, typer.Option(help="Seconds of calls that wait when a transaction is frozen.")] = 0,
) -> None:
    """Break things under load, and see that every status change is published exactly once."""
    seed = random.randrange(1_000_000) if seed is None else seed
    known = ALL if brokers == NODES else FAULTS
    names = [name for name in known if not only or any(part in name for part in only)]
    folder = Path(tempfile.mkdtemp(prefix="relay-chaos-"))
    logging.basicConfig(filename=folder / "clients.log", level=logging.WARNING)
    console.print(f"seed {seed}, {len(names)} faults, logs in {folder}", highlight=False, soft_wrap=True)
    with _kafka(brokers, folder) as nodes:
        rate = Rate(messages=messages, calls=calls)
        done = asyncio.run(
            run(
                nodes,
                folder,
                rounds=rounds,
                seed=seed,
                minutes=minutes,
                names=names,
                rate=rate,
                page=page,
                pile=pile,
            )
        )
    out.write_text(as_json(done))
    Console(width=None if console.is_terminal else TABLE_WIDTH).print(table(done))
    console.print(
        f"figures in {out}; {'nothing is wrong' if done.clean else 'SOMETHING IS WRONG'}",
        highlight=False,
        soft_wrap=True,
    )
    if done.clean:
        shutil.rmtree(folder, ignore_errors=True)
    raise typer.Exit(0 if done.clean else 1)


if __name__ == "__main__":
    typer.run(main)
