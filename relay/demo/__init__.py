"""The demonstration: a real Kafka, a simulated provider and the relay, some hundreds of messages, and a count."""
