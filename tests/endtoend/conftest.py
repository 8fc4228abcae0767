"""One relay beside one simulator for each test module of this folder."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.published import assert_well_published
from tests.running import World, world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give a running relay; at its end hold everything that it published to the contract."""
    async with world(kafka.bootstrap_servers, tmp_path_factory.mktemp("relay")) as made:
        replica = await made.started()
        yield made
        await made.quiet()
        for record in made.seen:
            assert_well_published(record, made.partitions)
        assert replica.running
        assert not replica.lines("turn.failed")
        assert await replica.terminated() == 0
