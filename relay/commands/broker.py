"""`relay broker`: a real Apache Kafka on loopback, in the foreground."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from relay.commands.options import PortOption, UnusedConfigOption
from relay.kafka.embedded.broker import EmbeddedKafka

app = typer.Typer(add_completion=False)

DEFAULT_PORT = 9092


@app.command("broker")
def broker(
    port: PortOption = DEFAULT_PORT,
    data: Annotated[
        Path | None, typer.Option(help="Keep the data in this folder; else it is removed at the end.")
    ] = None,
    config: UnusedConfigOption = None,  # noqa: ARG001 - see its help
) -> None:
    """Run a local Apache Kafka until Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with EmbeddedKafka.start(data=data, port=port or None) as kafka:
        typer.echo(f"Apache Kafka listens on {kafka.bootstrap_servers}; data in {kafka.data}; Ctrl-C ends it")
        while not ended.wait(1):
            if not kafka.running:
                typer.echo(f"Apache Kafka ended by itself; see {kafka.log}", err=True)
                raise typer.Exit(1)
