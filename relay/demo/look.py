"""`python -m relay.demo.look TOPIC`: prints the committed records of a topic, one line each, and ends."""

import asyncio
import logging
from typing import Annotated, Any

import typer
from aiokafka import AIOKafkaConsumer

from relay.commands.asking import leave_closed_output
from relay.commands.options import BootstrapOption, ConfigOption, settings_of
from relay.kafka.connection import client_options
from relay.mistakes import ConfigurationError
from relay.printable import printable

KAFKA_SECONDS = 15
POLL_MILLISECONDS = 1000


def look(
    topic: Annotated[str, typer.Argument(help="The topic to print.")],
    config: ConfigOption = None,
    bootstrap_servers: BootstrapOption = None,
) -> None:
    """Print key and value of every record of a topic."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # else it repeats itself until the time is over
    try:
        options = client_options(settings_of(config, bootstrap_servers).kafka)
        asyncio.run(_print(topic, options))
    except (ConfigurationError, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        leave_closed_output()
    except Exception as error:  # noqa: BLE001 - aiokafka raises many kinds while Kafka is away
        typer.echo(f"Kafka does not answer, or has no topic {topic} ({type(error).__name__})", err=True)
        raise typer.Exit(1) from None


async def _print(topic: str, options: dict[str, Any]) -> None:
    consumer = AIOKafkaConsumer(
        topic, **options, auto_offset_reset="earliest", isolation_level="read_committed", enable_auto_commit=False
    )
    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            await consumer.start()
        while batches := await consumer.getmany(timeout_ms=POLL_MILLISECONDS):
            for records in batches.values():
                for record in records:
                    typer.echo(f"{_text(record.key)}\t{_text(record.value)}")
    finally:
        await consumer.stop()


def _text(raw: bytes | None) -> str:
    return "" if raw is None else printable(raw.decode(errors="replace"))


if __name__ == "__main__":
    typer.run(look)
