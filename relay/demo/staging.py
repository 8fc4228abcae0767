"""What the demo's relay is configured with: its own group, topics of its own on a foreign Kafka, and a fast clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.configuration import TopicSettings
from relay.kafka.settings import KafkaSettings

HYBER_ACCOUNT = "hyber_main"
VOICE_ACCOUNT = "voice"
SPEED = 120.0  # an hour of a message's life takes 30 s
EXPIRE_AFTER_SECONDS = 10.0
LONGEST_LIFE_SECONDS = 8.0  # before EXPIRE_AFTER_SECONDS, so that only silent messages are given up
PARTITIONS = 4
# From sending to the first question, and between questions: as impatient as the clock is fast.
POLLING = {
    "initial_seconds": 0.1,
    "factor": 1.25,
    "max_seconds": 0.5,
    "expire_after_seconds": EXPIRE_AFTER_SECONDS,
    "seen_watch_seconds": EXPIRE_AFTER_SECONDS,
}
COLLECTING = {"drain_seconds": 1, "expire_after_seconds": EXPIRE_AFTER_SECONDS}
SECRET = "sasl_password"  # noqa: S105 - the name of the key


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """The relay's configuration, as the tables of its file and the variables that keep secrets out of it."""

    tables: Mapping[str, Any]
    environ: Mapping[str, str]
    topics: TopicSettings


def staging(kafka: KafkaSettings, *, run: str, own: bool, replication_factor: int, provider_url: str) -> Staging:
    """Configure a relay for one demo; `own`: the Kafka was started for it, so the topics keep their plain names."""
    topics = TopicSettings() if own else prefixed_topics(f"relay-demo-{run}.")
    password = kafka.sasl_password.get_secret_value() if kafka.sasl_password is not None else None
    tables = {
        "kafka": kafka.model_dump(mode="json", exclude_none=True, exclude={SECRET, f"{SECRET}_file"}),
        "relay": {
            "group": f"relay-demo-{run}",
            "partitions": PARTITIONS,
            "replication_factor": replication_factor,
        },
        "http": {"port": 0},
        "topics": {} if own else topics.model_dump(),
        "accounts": {HYBER_ACCOUNT: _hyber_account(provider_url), VOICE_ACCOUNT: _voice_account(provider_url)},
    }
    if not kafka.security_protocol.startswith("SASL"):
        tables["kafka"].pop("sasl_mechanism", None)
    environ = {} if password is None else {f"RELAY_KAFKA__{SECRET.upper()}": password}
    return Staging(tables=tables, environ=environ, topics=topics)


def prefixed_topics(prefix: str) -> TopicSettings:
    """Give the ten topics names that no other relay uses."""
    return TopicSettings(**{key: prefix + name for key, name in TopicSettings().model_dump().items()})


def _hyber_account(provider_url: str) -> dict[str, Any]:
    return {
        "provider": "hyber",
        "base_url": provider_url,
        "client_id": "1021",
        "username": "login",
        "password": "password",  # the simulator's own
        "polling": POLLING,
    }


def _voice_account(provider_url: str) -> dict[str, Any]:
    return {
        "provider": "infobip_voice",
        "base_url": provider_url,
        "username": "login",
        "password": "password",
        "timeout_seconds": 2,
        "polling": COLLECTING,
    }
