"""`relay check`: configuration, Kafka, topics, schemas and accounts, one line each."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from relay.checks import findings
from relay.commands.options import BootstrapOption, ConfigOption, JsonOption, settings_of
from relay.findings import Finding
from relay.mistakes import ConfigurationError

app = typer.Typer(add_completion=False)

PIPED_WIDTH = 400  # one line each for grep and logs; a terminal gets columns that fit it


@app.command("check")
def check(config: ConfigOption = None, bootstrap_servers: BootstrapOption = None, json_: JsonOption = False) -> None:  # noqa: FBT002 - typer's way to say a flag
    """Try what the relay needs, without consuming anything; exit 1 if something fails, 2 if the configuration does."""
    try:
        settings = settings_of(config, bootstrap_servers)
    except ConfigurationError as error:
        if json_:
            _print_json([Finding(what="configuration", ok=False, detail=line) for line in error.lines])
        raise
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # its errors are told in our own words
    found = asyncio.run(findings(settings))
    if json_:
        _print_json(found)
    else:
        console = Console()
        (console if console.is_terminal else Console(width=PIPED_WIDTH)).print(table_of(found))
    if not all(finding.ok for finding in found):
        raise typer.Exit(1)


def _print_json(found: Sequence[Finding]) -> None:
    typer.echo(json.dumps([asdict(finding) for finding in found]))


def table_of(found: Sequence[Finding]) -> Table:
    """Lay the findings out, one line each."""
    table = Table.grid(padding=(0, 2))
    for finding in found:
        passed = Text("warning", "yellow") if finding.warning else Text("ok", "green")
        verdict = passed if finding.ok else Text("failed", "bold red")
        table.add_row(Text(finding.what), verdict, Text(finding.detail), Text(finding.fix or "", "yellow"))
    return table
