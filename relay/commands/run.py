"""`relay run`: the service itself, in the foreground until SIGTERM."""

import asyncio
import gc
import signal
import sys
from typing import Any

import typer
import uvloop

from relay import __version__
from relay.app import Relay, exit_now
from relay.commands.local_kafka import kafka_of
from relay.commands.options import BootstrapOption, ConfigOption, settings_of
from relay.configuration import Settings
from relay.memory import set_up_heaps
from relay.observe.health import health_app, serve_health
from relay.observe.logs import configure
from relay.observe.metrics import Metrics
from relay.observe.tracing import Tracing, tracing_to
from relay.reference.documents import pages
from relay.watchdog import guard

app = typer.Typer(add_completion=False)

RARE_COLLECTIONS = 200_000, 20, 100  # states and requests hold no cycles: looking for some costs a tenth of the CPU


@app.command("run")
def run(config: ConfigOption = None, bootstrap_servers: BootstrapOption = None) -> None:
    """Run the relay until SIGTERM or Ctrl-C."""
    set_up_heaps()
    settings = settings_of(config, bootstrap_servers)
    configure(settings.logging.format, settings.logging.level)
    with kafka_of(settings) as (started, options):
        code = uvloop.run(serve(started, options))
    sys.exit(code)


async def serve(settings: Settings, options: dict[str, Any]) -> int:
    """Run one relay with its health server; return the exit code."""
    gc.set_threshold(*RARE_COLLECTIONS)
    metrics = Metrics(__version__)
    relay = Relay(settings, options, metrics, tracing_of(settings))
    app = health_app(relay, metrics, pages(settings.topics.model_dump()))
    server = await serve_health(app, settings.http.host, settings.http.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, relay.stop)
    guard(relay.watched, exit_now)
    try:
        return await relay.run()
    finally:
        await server.stop()


def tracing_of(settings: Settings) -> Tracing:
    """Return the tracing that is configured; the group names the service."""
    tracing = settings.tracing
    return tracing_to(
        tracing.endpoint,
        service=settings.relay.group,
        sample_ratio=tracing.sample_ratio,
        attributes={"service.version": __version__},
    )
