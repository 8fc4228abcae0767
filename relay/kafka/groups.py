"""The consumer groups of a relay: that of the slots, one for each input topic, and one for redriven dead letters."""

from relay.configuration import Settings


def ingest_group(group: str, topic: str) -> str:
    """Return the group that reads an input topic."""
    return f"{group}.ingest.{topic}"


def redrive_group(group: str) -> str:
    """Return the group whose offsets tell which dead letters were redriven; nothing ever joins it."""
    return f"{group}.redrive"


def groups(settings: Settings) -> list[str]:
    """Return the groups that a relay joins."""
    group, topics = settings.relay.group, settings.topics
    return [group, ingest_group(group, topics.fetch_requests), ingest_group(group, topics.messages_sent)]
