"""The consumer groups of a relay: that of the slots and one for each input topic, undisturbed by each other."""

from relay.configuration import Settings


def ingest_group(group: str, topic: str) -> str:
    """Return the group that reads an input topic."""
    return f"{group}.ingest.{topic}"


def groups(settings: Settings) -> list[str]:
    """Return all groups of the relay."""
    group, topics = settings.relay.group, settings.topics
    return [group, ingest_group(group, topics.fetch_requests), ingest_group(group, topics.messages_sent)]
