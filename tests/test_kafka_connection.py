"""The keyword arguments of Kafka clients."""

import ssl
from pathlib import Path

import pytest

from relay.kafka.connection import client_options
from relay.kafka.settings import KafkaSettings
from relay.mistakes import ConfigurationError


def test_plaintext_needs_brokers_only() -> None:
    """The plainest connection has two options."""
    options = client_options(KafkaSettings(bootstrap_servers="a:1, b:2"))
    assert options == {"bootstrap_servers": "a:1,b:2", "security_protocol": "PLAINTEXT"}


def test_sasl_ssl_brings_credentials_and_a_context_that_verifies() -> None:
    """User, password and mechanism arrive, and certificates and host names are checked."""
    options = client_options(
        KafkaSettings.model_validate(
            {
                "bootstrap_servers": "a:1",
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_username": "u",
                "sasl_password": "p",
            }
        )
    )
    context = options.pop("ssl_context")
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert options == {
        "bootstrap_servers": "a:1",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "p",
    }


@pytest.mark.parametrize("key", ["ssl_cafile", "ssl_certfile"])
def test_a_file_that_is_not_pem_is_a_mistake_of_its_key(key: str, tmp_path: Path) -> None:
    """Garbage in a certificate file is told in one line, without a traceback."""
    file = tmp_path / "garbage.pem"
    file.write_text("garbage", encoding="utf-8")
    kafka = KafkaSettings.model_validate({"bootstrap_servers": "a:1", "security_protocol": "SSL", key: str(file)})
    with pytest.raises(ConfigurationError) as raised:
        client_options(kafka)
    (line,) = raised.value.lines
    assert line.startswith(f"kafka.{key}: {file} can't be used (")


def test_without_brokers_the_embedded_one_must_come_first() -> None:
    """Nobody connects to a default by mistake."""
    with pytest.raises(ValueError, match="start the embedded broker"):
        client_options(KafkaSettings())
