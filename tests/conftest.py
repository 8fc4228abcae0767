"""Fixtures of the whole suite."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from relay.kafka.embedded import EmbeddedKafka

settings.register_profile("untimed", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def kafka() -> Iterator[EmbeddedKafka]:
    """One real broker for the test session; tests share it, so they choose names of their own and never stop it."""
    with EmbeddedKafka.start() as broker:
        yield broker
