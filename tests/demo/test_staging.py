"""What the demo's relay is configured with."""

import tomllib

from pydantic import SecretStr

from relay.configuration import Settings, TopicSettings
from relay.demo.staging import Staging, staging
from relay.kafka.settings import KafkaSettings
from relay.toml import as_toml

PLAIN = KafkaSettings(bootstrap_servers="127.0.0.1:9092")


def a_staging(kafka: KafkaSettings = PLAIN, *, own: bool = True) -> Staging:
    """Configure a relay for a demo."""
    return staging(kafka, run="r1", own=own, replication_factor=3, provider_url="http://127.0.0.1:8090")


def settings_in(plan: Staging) -> Settings:
    """Read the written file as the relay would."""
    return Settings.model_validate(tomllib.loads(as_toml(plan.tables)))


def test_the_written_file_is_a_valid_configuration() -> None:
    """The relay reads from the file what the demo meant."""
    settings = settings_in(a_staging())
    assert settings.kafka.bootstrap_servers == "127.0.0.1:9092"
    assert (settings.relay.group, settings.http.port) == ("relay-demo-r1", 0)
    providers = {name: (account.provider, account.base_url) for name, account in settings.accounts.items()}
    assert providers == {
        "hyber_main": ("hyber", "http://127.0.0.1:8090"),
        "voice": ("infobip_voice", "http://127.0.0.1:8090"),
    }
    assert settings.topics == TopicSettings()


def test_on_a_foreign_kafka_every_topic_and_the_group_are_the_demos_own() -> None:
    """Nothing that another relay uses there is touched."""
    settings = settings_in(a_staging(own=False))
    assert all(name.startswith("relay-demo-r1.") for name in settings.topics.model_dump().values())
    assert settings.relay.group == "relay-demo-r1"


def test_the_password_of_kafka_is_not_written_to_the_file() -> None:
    """It reaches the relay by its environment."""
    kafka = KafkaSettings(
        bootstrap_servers="kafka:9092",
        security_protocol="SASL_PLAINTEXT",
        sasl_username="user",
        sasl_password=SecretStr("very secret"),
    )
    plan = a_staging(kafka, own=False)
    assert "sasl_password" not in as_toml(plan.tables)
    assert plan.environ == {"RELAY_KAFKA__SASL_PASSWORD": "very secret"}
    assert 'sasl_username = "user"' in as_toml(plan.tables)
