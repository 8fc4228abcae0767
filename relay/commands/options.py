"""What the commands share: `--config`, and the settings behind it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from relay.configuration import Settings
from relay.mistakes import ConfigurationError
from relay.settings import load_settings

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="The TOML file; else RELAY_CONFIG, else relay.toml if it exists.")
]
UnusedConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Taken as by every command; this one reads nothing of it.")
]
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 for any free one.")]
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
