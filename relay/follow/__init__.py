"""Status changes as they are published, for people and pipes."""
