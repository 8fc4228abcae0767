"""`relay events`: the status changes as they are published, a line each."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.console import Console

from relay.commands.asking import answered, instant_of, leave_closed_output, named_kafka, nobody_reads
from relay.commands.options import BootstrapOption, ConfigOption, JsonOption
from relay.configuration import Settings
from relay.core.model import EventType, Json
from relay.explain.entries import Found
from relay.explain.records import event_of
from relay.explain.search import EVENTS
from relay.follow.events import Shown, Wanted, line_of
from relay.follow.reading import Stretch, read_on
from relay.kafka.connection import client_options
from relay.kafka.topics import topics_of
from relay.printable import printable
from relay.slot.codec import UnreadableInternal

app = typer.Typer(add_completion=False)

Write = Callable[[Json], None]
FollowOption = Annotated[
    bool, typer.Option("--follow/--no-follow", help="Stay for what comes; or end after what is there, all of it.")
]


@app.command("events")
def events(
    account: Annotated[list[str] | None, typer.Option("--account", "-a", help="Only of these accounts.")] = None,
    type_: Annotated[list[EventType] | None, typer.Option("--type", "-t", help="Only of these types.")] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="Only of the message with this message_id or extra_id.")
    ] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Begin with the oldest event.")] = False,  # noqa: FBT002 - typer's way to say a flag
    since: Annotated[
        str | None, typer.Option(help="Begin so long ago (90s, 15m, 1h, 2d) or at an instant with offset.")
    ] = None,
    follow: FollowOption = True,  # noqa: FBT002 - typer's way to say a flag
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    json_: JsonOption = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Follow the status changes until Ctrl-C, from now on unless told otherwise; read_committed, in no group."""
    if from_beginning and since is not None:
        raise typer.BadParameter("begin at the beginning, or at an instant, not both", param_hint="--since")
    stretch = Stretch(since=instant_of(since), from_beginning=from_beginning or not follow, follow=follow)
    wanted = Wanted(accounts=frozenset(account or ()), types=frozenset(type_ or ()), message=message)
    settings = named_kafka(config, bootstrap_servers)
    try:
        answered(_followed(settings, stretch, wanted, _json if json_ else _lines(settings)))
    except KeyboardInterrupt:
        return  # how following ends
    except BrokenPipeError:
        leave_closed_output()


async def _followed(settings: Settings, stretch: Stretch, wanted: Wanted, write: Write) -> None:
    options = client_options(settings.kafka)
    names = {getattr(settings.topics, name) for name in EVENTS}
    async with topics_of(options, settings) as topics:
        counts = {name: count for name, count in (await topics.counts()).items() if name in names}
    if missing := sorted(names - counts.keys()):
        told = ", ".join(missing)
        typer.echo(f"not read, for they are missing or hidden from us: {told}; try `relay topics check`", err=True)
    if not counts:
        raise typer.Exit(1)

    def take(batch: Sequence[Found]) -> None:
        for event in _ordered(batch):
            if wanted.has(event):
                write(event)
        sys.stdout.flush()

    await read_on(options, counts, stretch, take, nobody_reads)


def _ordered(batch: Sequence[Found]) -> list[Json]:
    """Return the events of one reading in order of time; what is no event is named on standard error."""
    found = []
    for record in batch:
        try:
            found.append((record.timestamp, event_of(record)))
        except UnreadableInternal:
            typer.echo(printable(f"not an event: {record.where}"), err=True)
    found.sort(key=lambda each: (each[0], each[1]["sequence"]))
    return [event for _, event in found]


def _json(event: Json) -> None:
    sys.stdout.write(json.dumps(event) + "\n")


def _lines(settings: Settings) -> Write:
    console, shown = Console(highlight=False), Shown()

    def write(event: Json) -> None:
        line = line_of(event, settings.accounts, again=shown.again(event))
        if console.is_terminal:
            console.print(line, soft_wrap=True)
        else:
            sys.stdout.write(f"{line.plain.rstrip()}\n")

    return write
