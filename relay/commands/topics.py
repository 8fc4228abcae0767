"""`relay topics`: creates the topics that the relay needs, or says what is wrong with those that exist."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from relay.commands.options import BootstrapOption, ConfigOption, JsonOption, settings_of, with_named_kafka
from relay.configuration import Settings
from relay.kafka.connection import client_options
from relay.kafka.topics import topics_of
from relay.migration import INTERNAL, Migration, MigrationRefused

app = typer.Typer(help="The topics of the relay.", no_args_is_help=True, add_completion=False)

KAFKA_SECONDS = 30


@app.command("create")
def create(config: ConfigOption = None, bootstrap_servers: BootstrapOption = None, json_: JsonOption = False) -> None:  # noqa: FBT002 - typer's way to say a flag
    """Create the topics that are missing; exit 1 if one could not be created."""
    settings, options = _kafka(config, bootstrap_servers)
    created, refused = asyncio.run(_bounded(_create(settings, options)))
    if json_:
        typer.echo(json.dumps({"created": created, "refused": refused}))
    else:
        for name in created:
            typer.echo(f"created: {name}")
        typer.echo(f"{len(created)} topics created")
        for line in refused:
            typer.echo(line, err=True)
    if refused:
        raise typer.Exit(1)


@app.command("check")
def check(config: ConfigOption = None, bootstrap_servers: BootstrapOption = None, json_: JsonOption = False) -> None:  # noqa: FBT002 - typer's way to say a flag
    """Say what is wrong with the topics; exit 1 if anything is."""
    settings, options = _kafka(config, bootstrap_servers)
    problems = asyncio.run(_bounded(problems_of(settings, options)))
    if json_:
        typer.echo(json.dumps({"problems": problems}))
    elif not problems:
        typer.echo("all ten topics are as the relay needs them")
    else:
        for line in problems:
            typer.echo(line, err=True)
    if problems:
        raise typer.Exit(1)


@app.command("migrate")
def migrate(
    to: Annotated[Path, typer.Option("--to", help="The configuration with new names of the three internal topics.")],
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    json_: JsonOption = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Copy the internal topics to others with another partition count, while no relay runs; see docs/scaling.md."""
    old, options = _kafka(config, bootstrap_servers)
    new = settings_of(to, bootstrap_servers)
    try:
        copied = asyncio.run(_migrate(Migration(old, new, options)))
    except (KafkaError, OSError, MigrationRefused) as error:
        typer.echo(f"not migrated: {error}", err=True)
        raise typer.Exit(1) from None
    if json_:
        typer.echo(json.dumps({"copied": copied}))
    else:
        for name, count in copied.items():
            typer.echo(f"copied: {count} records to {getattr(new.topics, name)}")


async def _migrate(migration: Migration) -> dict[str, int]:
    def delayed(topic: str, error: Exception) -> None:
        typer.echo(f"{topic}: can't be written, tried again: {type(error).__name__}: {error}", err=True)

    await migration.prepare()
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}: {task.completed:,} records"), TimeElapsedColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = {name: progress.add_task(f"copying {name}", total=None) for name in INTERNAL}
        return await migration.copy(delayed, lambda name, count: progress.advance(tasks[name], count))


def _kafka(config: Path | None, bootstrap_servers: str | None) -> tuple[Settings, dict[str, Any]]:
    settings = with_named_kafka(config, bootstrap_servers)
    return settings, client_options(settings.kafka)


async def _create(settings: Settings, options: dict[str, Any]) -> tuple[list[str], list[str]]:
    async with topics_of(options, settings) as topics:
        return await topics.create_missing()


async def problems_of(settings: Settings, options: dict[str, Any]) -> list[str]:
    """Return a line for each topic that can't be used as it is."""
    async with topics_of(options, settings) as topics:
        return await topics.problems()


async def _bounded(work: Any) -> Any:
    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            return await work
    except Exception as error:  # noqa: BLE001 - aiokafka raises many kinds while Kafka is away
        typer.echo(f"Kafka does not answer: {type(error).__name__}: {error}", err=True)
        raise typer.Exit(1) from None
