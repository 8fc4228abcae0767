"""What the commands share: `--config`, the settings behind it, and a Kafka to talk to."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from relay.configuration import Settings
from relay.kafka.connection import client_options
from relay.mistakes import ConfigurationError
from relay.observe.lines import Line
from relay.settings import load_settings

log = structlog.get_logger("relay")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The TOML file; else RELAY_CONFIG, else relay.toml if it exists.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
BootstrapOption = Annotated[
    str | None, typer.Option("--bootstrap-servers", help="Use this Kafka instead of the configured or a local one.")
]


def settings_of(config: Path | None, bootstrap_servers: str | None = None) -> Settings:
    """Load the settings; raises ConfigurationError."""
    environ = dict(os.environ)
    if bootstrap_servers is not None:
        environ["RELAY_KAFKA__BOOTSTRAP_SERVERS"] = bootstrap_servers
    return load_settings(config, environ)


def with_named_kafka(config: Path | None, bootstrap_servers: str | None) -> Settings:
    """Load the settings, which must name a Kafka; raises ConfigurationError."""
    settings = settings_of(config, bootstrap_servers)
    if settings.kafka.bootstrap_servers is None:
        raise ConfigurationError(["kafka.bootstrap_servers: is not set; name the Kafka whose topics are meant"])
    return settings


@contextlib.contextmanager
def kafka_of(settings: Settings) -> Iterator[tuple[Settings, dict[str, Any]]]:
    """Give the settings and the options of every Kafka client; without `bootstrap_servers` a local Kafka is started."""
    if settings.kafka.bootstrap_servers is not None:
        yield settings, client_options(settings.kafka)
        return
    from relay.kafka.embedded.broker import EmbeddedKafka  # noqa: PLC0415 - its jars and pictures are for few commands

    with EmbeddedKafka.start(data=kept_data()) as broker:
        log.info(Line.BROKER_STARTED, bootstrap_servers=broker.bootstrap_servers, data=str(broker.data))
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": broker.bootstrap_servers})
        started = settings.model_copy(update={"kafka": kafka})
        yield started, client_options(kafka)


def kept_data() -> Path:
    """Return the folder of the local Kafka's data, which is kept: what was published must outlive a restart."""
    return Path(".relay/kafka")
