"""Apache Kafka itself on loopback, from Python packages alone: for the demo, `relay broker` and the tests."""
