"""FastStream's broker for the configured Kafka: it consumes the input topics and does nothing else."""

import logging
from typing import Any

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from relay.kafka.settings import KafkaSettings

GRACEFUL_SECONDS = 10

_SASL = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def ingest_broker(kafka: KafkaSettings, options: dict[str, Any]) -> KafkaBroker:
    """Return the broker; `options` are those of every aiokafka client of the process."""
    return KafkaBroker(
        options["bootstrap_servers"].split(","),
        security=_security(kafka, options),
        allow_auto_create_topics=False,
        graceful_timeout=GRACEFUL_SECONDS,
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,  # it writes two lines for each batch
    )


def _security(kafka: KafkaSettings, options: dict[str, Any]) -> BaseSecurity | None:
    context = options.get("ssl_context")
    if kafka.security_protocol.startswith("SASL"):
        return _SASL[kafka.sasl_mechanism](
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=context,
            use_ssl=context is not None,
        )
    return BaseSecurity(ssl_context=context, use_ssl=True) if context is not None else None
