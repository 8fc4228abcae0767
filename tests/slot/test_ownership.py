"""Who owns what, without Kafka: what a rebalance does where it goes wrong."""

from typing import Any

import pytest
from aiokafka import TopicPartition

from relay.configuration import TopicSettings
from relay.observe.metrics import Metrics
from relay.slot.ownership import Ownership

TOPICS = TopicSettings()


class BrokenConsumer:
    """Can be paused, and can't say which member of the group it is."""

    def pause(self, *partitions: TopicPartition) -> None:
        """Do nothing."""


async def test_an_error_in_a_rebalance_ends_the_process() -> None:
    """The library only logs it, and would go on with partitions that have no slots."""
    failures: list[BaseException] = []
    nobody: Any = None
    consumer: Any = BrokenConsumer()
    ownership = Ownership(
        consumer,
        {},
        topics=TOPICS,
        new_slot=nobody,
        check=nobody,
        arm=nobody,
        changed=nobody,
        failed=failures.append,
        metrics=Metrics("1.0"),
    )
    with pytest.raises(AttributeError) as caught:
        await ownership.on_partitions_assigned([TopicPartition(TOPICS.inbox, 0), TopicPartition(TOPICS.raw, 0)])
    assert failures == [caught.value]
