"""The owners of partitions: they hold the state, decide, and commit everything a turn changes in one transaction."""
