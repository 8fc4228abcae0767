"""What ingest does with records that can't be unpacked, with a consumer that raises what aiokafka would."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import ConsumerStoppedError, CorruptRecordException, TopicAuthorizationFailedError

from relay.ingest.subscribers import Ingest


class FailingConsumer:
    """Raises when it is asked for records."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    async def getmany(self, **_: Any) -> Any:
        """Raise."""
        self.asked += 1
        raise self.error


def an_ingest(failures: list[BaseException]) -> Ingest:
    """Return one that reads nothing yet."""
    ingest = Ingest.__new__(Ingest)
    ingest._failed = failures.append
    return ingest


@pytest.mark.parametrize("error", [CorruptRecordException("checksum"), ValueError("no varint")])
async def test_records_that_cannot_be_unpacked_end_the_process(error: Exception) -> None:
    """And nothing is read after them: aiokafka has dropped what it had unpacked before, and a commit would pass it."""
    failures: list[BaseException] = []
    consumer = FailingConsumer(error)
    taking = asyncio.create_task(an_ingest(failures)._taken(consumer))
    await asyncio.sleep(0.01)
    assert (failures, consumer.asked, taking.done()) == ([error], 1, False)
    taking.cancel()


@pytest.mark.parametrize("error", [TopicAuthorizationFailedError("t"), ConsumerStoppedError()])
async def test_errors_that_take_no_records_are_left_to_faststream(error: Exception) -> None:
    """It tries again, or ends."""
    failures: list[BaseException] = []
    with pytest.raises(type(error)):
        await an_ingest(failures)._taken(FailingConsumer(error))
    assert failures == []
