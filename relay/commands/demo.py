"""`relay demo`: a real Kafka, simulated providers, the relay and some hundreds of messages, in less than a minute."""

import signal
import sys
from typing import Annotated

import typer
from rich.console import Console

from relay.commands.options import BootstrapOption, ConfigOption, settings_of
from relay.demo.child import DemoFailed
from relay.demo.scene import demo as run_demo
from relay.demo.screen import Screen

app = typer.Typer(add_completion=False)

MOST_MESSAGES = 1000


@app.command("demo")
def demo(
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
    messages: Annotated[int, typer.Option(min=1, max=MOST_MESSAGES, help="How many messages and calls to send.")] = 300,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Show the relay at work: on a Kafka of its own, or with topics of its own on the one that is configured."""
    settings = settings_of(config, bootstrap_servers)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it ends in order, as with Ctrl-C
    try:
        good = run_demo(settings, Screen(Console()), count=messages, keep=keep)
    except DemoFailed as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if not good:
        sys.exit(1)
