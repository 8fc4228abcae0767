"""The command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration; no traceback a user can cause."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from relay import __version__
from relay.commands.group import Commands
from relay.kafka.embedded.errors import EmbeddedKafkaError
from relay.kafka.header_names import read_any_header_name
from relay.kafka.produce_requests import write_produce_requests_at_once
from relay.mistakes import ConfigurationError

FAILED, WRONG = 1, 2

app = typer.Typer(
    name="relay",
    cls=Commands,
    help="Delivery reports of SMS, Viber, WhatsApp and voice providers as exactly-once status changes on Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Delivery reports as exactly-once status changes on Kafka."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; its errors become one line each on standard error and an exit code."""
    read_any_header_name()
    write_produce_requests_at_once()
    try:
        app(args=list(arguments) if arguments is not None else None)
    except ConfigurationError as error:
        for line in error.lines:
            typer.echo(line, err=True)
        sys.exit(WRONG)
    except EmbeddedKafkaError as error:
        typer.echo(str(error), err=True)
        sys.exit(FAILED)
