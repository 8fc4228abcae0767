"""Sees to it, before a relay works, that its topics are there and as it needs them, and that it has its rights."""

from typing import Any

import structlog

from relay.configuration import Settings
from relay.kafka.connection import admin_of
from relay.kafka.groups import groups
from relay.kafka.rights import forbidden_groups
from relay.kafka.topics import Topics
from relay.observe.lines import Line

log = structlog.get_logger("relay")


class TopicsUnfit(Exception):  # noqa: N818 - it says what they are
    """Topics are missing or not as the relay needs them, or a right is; the message names each and the fix."""


async def fit_partitions(options: dict[str, Any], settings: Settings) -> int:
    """Return how many slots there are, once topics and rights are fit; raises TopicsUnfit."""
    async with admin_of(options) as admin:
        topics = Topics(admin, settings)
        if settings.relay.create_topics:
            created, refused = await topics.create_missing()
            if created:
                log.info(Line.TOPICS_CREATED, topics=created)
            if refused:
                raise TopicsUnfit("; ".join(refused))
            if created:
                await topics.until_present(created)
        forbidden = [*await topics.forbidden(), *await forbidden_groups(admin, groups(settings))]
        if problems := [*await topics.problems(), *forbidden]:
            raise TopicsUnfit("; ".join(problems))
        return await topics.partitions(settings.topics.inbox)
