"""What the commands that read topics share: a named Kafka, its failures in one line, and output that may be cut."""

import asyncio
import logging
import os
import select
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.console import Console, RenderableType

from relay.commands.options import with_named_kafka
from relay.configuration import Settings
from relay.printable import printable
from relay.since import since

WIDE = 180
PIPED_WIDTH = 1000  # one line each for grep and logs; a terminal gets columns that fit it
_T = TypeVar("_T")


def named_kafka(config: Path | None, bootstrap_servers: str | None) -> Settings:
    """Load the settings, which must name a Kafka, and keep its client's lines from ours; raises ConfigurationError."""
    settings = with_named_kafka(config, bootstrap_servers)
    for library in ("aiokafka", "asyncio"):  # their errors, and futures of abandoned clients, are told in our own words
        logging.getLogger(library).addHandler(logging.NullHandler())
    return settings


def answered(work: Coroutine[Any, Any, _T], failure: str = "Kafka can't be used") -> _T:
    """Do what needs Kafka; whatever keeps Kafka from answering is one line, of this failure, and exit code 1."""
    try:
        return asyncio.run(work)
    except (typer.Exit, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - aiokafka raises many kinds while Kafka is away
        why = f"{type(error).__name__}: {str(error) or 'no answer in time'}"
        typer.echo(printable(f"{failure}: {why}"), err=True)
        raise typer.Exit(1) from None


def instant_of(text: str | None) -> datetime | None:
    """Read `--since`; what can't be read is wrong usage."""
    if text is None:
        return None
    try:
        return since(text, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None


def show(what: RenderableType) -> None:
    """Print to the terminal in columns that fit it, into a pipe one line each."""
    console = Console()
    if console.is_terminal:
        console.print(what)
        return
    piped = Console(width=PIPED_WIDTH)
    with piped.capture() as captured:
        piped.print(what)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def is_wide() -> bool:
    """Tell whether a long line has room: in a pipe, and on a wide terminal."""
    console = Console()
    return not console.is_terminal or console.width >= WIDE


def nobody_reads() -> bool:
    """Tell whether standard output is a pipe whose reader is gone, without writing to it."""
    watched = select.poll()
    try:
        watched.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # a test's output is no file
        return False
    return any(flags & (select.POLLERR | select.POLLHUP) for _, flags in watched.poll(0))


def leave_closed_output() -> None:
    """Let what Python flushes at its end go nowhere, where the reader of standard output is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
