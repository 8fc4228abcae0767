"""Apache Kafka itself on loopback, from Python packages alone: for the demo, `relay broker` and the tests."""

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.errors import EmbeddedKafkaError, EmbeddedKafkaFailed, EmbeddedKafkaMissing

__all__ = ["EmbeddedKafka", "EmbeddedKafkaError", "EmbeddedKafkaFailed", "EmbeddedKafkaMissing"]
