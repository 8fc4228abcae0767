"""`relay run`: the service itself, in the foreground until SIGTERM."""

import asyncio
import signal
import sys
from typing import Any

from relay import __version__
from relay.app import Relay, exit_now
from relay.commands.options import BootstrapOption, ConfigOption, kafka_of, settings_of
from relay.configuration import Settings
from relay.observe.health import health_app, serve_health
from relay.observe.logs import configure
from relay.observe.metrics import Metrics
from relay.watchdog import guard


def run(config: ConfigOption = None, bootstrap_servers: BootstrapOption = None) -> None:
    """Run the relay until SIGTERM or Ctrl-C."""
    settings = settings_of(config, bootstrap_servers)
    configure(settings.logging.format, settings.logging.level)
    with kafka_of(settings) as (started, options):
        code = asyncio.run(serve(started, options))
    sys.exit(code)


async def serve(settings: Settings, options: dict[str, Any]) -> int:
    """Run one relay with its health server; return the exit code."""
    metrics = Metrics(__version__)
    relay = Relay(settings, options, metrics)
    server = await serve_health(health_app(relay, metrics), settings.http.host, settings.http.port)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, relay.stop)
    guard(relay.watched, exit_now)
    try:
        return await relay.run()
    finally:
        await server.stop()
