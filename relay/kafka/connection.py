"""Takes the Kafka settings, gives the keyword arguments of every aiokafka client, and an admin client."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from relay.kafka.settings import KafkaSettings
from relay.mistakes import ConfigurationError


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Give brokers, protocol and credentials of a producer, consumer or admin client.

    Raises:
        ConfigurationError: a certificate or key file holds something else.
        ValueError: there are no brokers yet; the embedded one must be started first.

    """
    if kafka.bootstrap_servers is None:
        raise ValueError("bootstrap_servers is not set: start the embedded broker and give its address")
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL") and kafka.sasl_password is not None:
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.sasl_username
        options["sasl_plain_password"] = kafka.sasl_password.get_secret_value()
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = _ssl_context(kafka)
    return options


@contextlib.asynccontextmanager
async def admin_of(options: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    """Connect to Kafka's admin protocol for as long as it is used; raises what aiokafka raises while Kafka is away."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


def _ssl_context(kafka: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
    except OSError as error:
        raise _not_pem("ssl_cafile", kafka.ssl_cafile, error) from None
    if kafka.ssl_certfile is not None:
        try:
            # An empty password instead of none: OpenSSL would ask the terminal for that of an encrypted key.
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile, password="")
        except OSError as error:
            raise _not_pem("ssl_certfile", kafka.ssl_certfile, error) from None
    return context


def _not_pem(key: str, file: Path | None, error: OSError) -> ConfigurationError:
    reason = getattr(error, "reason", None) or error.strerror or "not PEM"
    return ConfigurationError(
        [f"kafka.{key}: {file} can't be used ({reason}); give PEM files: certificate, and its key without a password"]
    )
