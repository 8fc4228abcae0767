"""Everything that speaks Kafka and knows nothing of messages: connections, topics, partitions, the local broker."""
