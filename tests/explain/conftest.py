"""Fixtures of the explanations that are read from a real Kafka."""

import uuid
from collections.abc import AsyncIterator

import pytest_asyncio

from relay.configuration import Settings
from relay.kafka.connection import client_options
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.topics import topics_of


@pytest_asyncio.fixture
async def settings(kafka: EmbeddedKafka) -> AsyncIterator[Settings]:
    """Give settings of a relay whose topics are there, and all of one partition."""
    prefix = uuid.uuid4().hex[:10]
    names = ("fetch_requests", "messages_sent", "delivered", "seen", "failed", "answered", "dead_letters")
    made = Settings.model_validate(
        {
            "kafka": {"bootstrap_servers": kafka.bootstrap_servers},
            "relay": {"partitions": 1, "group": prefix},
            "topics": {name: f"{prefix}.{name}" for name in (*names, "inbox", "raw", "state")},
        }
    )
    async with topics_of(client_options(made.kafka), made) as topics:
        await topics.create_missing()
        await topics.until_present([made.topics.state])
    yield made
