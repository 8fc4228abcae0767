"""The Kafka of a process: the configured one, or without any a local one that is started for it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from relay.configuration import Settings
from relay.kafka.connection import client_options
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.observe.lines import Line

log = structlog.get_logger("relay")


@contextlib.contextmanager
def kafka_of(settings: Settings) -> Iterator[tuple[Settings, dict[str, Any]]]:
    """Give the settings and the options of every Kafka client; without `bootstrap_servers` a local Kafka is started."""
    if settings.kafka.bootstrap_servers is not None:
        yield settings, client_options(settings.kafka)
        return
    with EmbeddedKafka.start(data=kept_data()) as broker:
        log.info(Line.BROKER_STARTED, bootstrap_servers=broker.bootstrap_servers, data=str(broker.data))
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": broker.bootstrap_servers})
        started = settings.model_copy(update={"kafka": kafka})
        yield started, client_options(kafka)


def kept_data() -> Path:
    """Return the folder of the local Kafka's data, which is kept: what was published must outlive a restart."""
    return Path(".relay/kafka")
