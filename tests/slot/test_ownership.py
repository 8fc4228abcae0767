"""Who owns what, without Kafka: what a rebalance does where it goes wrong."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition

from relay.configuration import TopicSettings
from relay.lasting import CancelledByNobody
from relay.observe.metrics import Metrics
from relay.slot.ownership import Ownership

TOPICS = TopicSettings()


ASSIGNED = [TopicPartition(TOPICS.inbox, 0), TopicPartition(TOPICS.raw, 0)]


class BrokenConsumer:
    """Can be paused once, and can't say which member of the group it is."""

    def __init__(self) -> None:
        self.pauses = 0

    def pause(self, *_: TopicPartition) -> None:
        """Do nothing; the second time, raise what a library lets out whose own task was cancelled."""
        self.pauses += 1
        if self.pauses > 1:
            raise asyncio.CancelledError


def an_ownership(failures: list[BaseException]) -> Ownership:
    """Return one whose slots are never used."""
    unused: Any = None
    consumer: Any = BrokenConsumer()
    return Ownership(
        consumer,
        {},
        topics=TOPICS,
        new_slot=lambda *_: unused,
        check=unused,
        arm=unused,
        changed=lambda _: None,
        failed=failures.append,
        metrics=Metrics("1.0"),
    )


async def test_an_error_in_a_rebalance_ends_the_process() -> None:
    """The library only logs it, and would go on with partitions that have no slots."""
    failures: list[BaseException] = []
    with pytest.raises(AttributeError) as caught:
        await an_ownership(failures).on_partitions_assigned(ASSIGNED)
    assert failures == [caught.value]


async def test_slots_that_nobody_goes_on_acquiring_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation from within would leave them unready without a word."""
    failures: list[BaseException] = []
    monkeypatch.setattr("relay.slot.ownership.member_of", lambda _: None)
    await an_ownership(failures).on_partitions_assigned(ASSIGNED)
    await asyncio.sleep(0.01)
    assert [type(error) for error in failures] == [CancelledByNobody]


async def test_what_is_being_acquired_can_be_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """An orderly end is none by an error, also while slots are being restored."""
    failures: list[BaseException] = []
    monkeypatch.setattr("relay.slot.ownership.member_of", lambda _: None)
    ownership = an_ownership(failures)
    await ownership.on_partitions_assigned(ASSIGNED)
    ownership.stop_acquiring()
    await asyncio.sleep(0.01)
    assert failures == []
