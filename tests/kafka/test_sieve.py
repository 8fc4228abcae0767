"""Batches without what is sought are passed over; what is sought is never missed."""

from collections.abc import Collection

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher

from relay.kafka.header_names import _KeptRecords, _PatientRecords
from relay.kafka.sieve import Sieve
from tests.kafka.batches import CODECS, GOOD, ODD, TRANSACTIONAL, a_batch

READ_COMMITTED = 1
RECORDS = slice(57, 61)  # where a batch tells how many it has


def a_fetch(*batches: bytes, sought: Collection[bytes] | None, aborted: tuple[tuple[int, int], ...] = ()) -> list[int]:
    """Return the offsets of the records that a consumer with a sieve gets of batches."""
    sieve = Sieve()
    sieve.sought = sought
    records = _PatientRecords(
        TopicPartition("t", 0),
        _KeptRecords(b"".join(batches)),
        aborted,
        0,
        sieve,
        None,
        True,  # noqa: FBT003 - aiokafka's
        READ_COMMITTED,
    )
    assert isinstance(records, fetcher.PartitionRecords)
    given = [record.offset for record in records]
    assert records.next_fetch_offset == sum(int.from_bytes(batch[RECORDS]) for batch in batches)
    return given


def test_only_batches_that_hold_what_is_sought_are_unpacked() -> None:
    """All of such a batch is given, nothing of the others, and reading goes on behind the last."""
    batches = a_batch(0, [GOOD] * 3), a_batch(3, [GOOD] * 2), a_batch(5, [GOOD])
    assert a_fetch(*batches, sought=[b"v4"]) == [3, 4]
    assert a_fetch(*batches, sought=[b"v5", b"v0"]) == [0, 1, 2, 5]
    assert a_fetch(*batches, sought=[b"nowhere"]) == []


def test_nothing_sought_lets_everything_pass() -> None:
    """As long as nothing was asked of it, the sieve is not there."""
    assert a_fetch(a_batch(0, [GOOD] * 3), a_batch(3, [GOOD]), sought=None) == [0, 1, 2, 3]


@pytest.mark.parametrize("codec", [name for name in CODECS if name != "none"])
def test_what_is_compressed_is_unpacked(codec: str) -> None:
    """What is sought can't be seen in it."""
    assert a_fetch(a_batch(0, [GOOD] * 3, CODECS[codec]), a_batch(3, [GOOD]), sought=[b"v1"]) == [0, 1, 2]


def test_aborted_batches_stay_out() -> None:
    """Also those that hold what is sought."""
    aborted = a_batch(0, [GOOD] * 2, transactional=True)
    assert a_fetch(aborted, a_batch(2, [GOOD]), sought=[b"v"], aborted=((TRANSACTIONAL, 0),)) == [2]


def test_header_names_that_are_no_utf8_are_read_as_without_a_sieve() -> None:
    """The slower reader takes over for the rest of what was fetched."""
    assert a_fetch(a_batch(0, [GOOD]), a_batch(1, [GOOD, ODD]), sought=[b"v1"]) == [1, 2]
