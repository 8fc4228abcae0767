"""The demonstration: a real Kafka, two simulated providers and the relay, some hundreds of messages, and a count."""
