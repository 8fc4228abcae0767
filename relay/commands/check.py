"""`relay check`: configuration, Kafka, topics and accounts, one line each."""
