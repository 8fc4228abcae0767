"""Header names that are not UTF-8, in batches as they come from a broker: aiokafka stops at them, the relay doesn't."""

from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher

from relay.kafka.header_names import _KeptRecords, _PatientRecords, read_any_header_name
from tests.kafka.batches import CODECS, GOOD, ODD, TRANSACTIONAL, a_batch


def a_fetch(*batches: bytes, offset: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> fetcher.PartitionRecords:
    """Return what a consumer makes of batches that were fetched from an offset on."""
    records = fetcher.MemoryRecords(b"".join(batches))
    return fetcher.PartitionRecords(TopicPartition("t", 0), records, aborted, offset, None, None, True, 1)  # noqa: FBT003 - aiokafka's


@pytest.fixture(autouse=True)
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give aiokafka its own readers until the test is over, whatever another test made of them."""
    monkeypatch.setattr(fetcher, "MemoryRecords", _KeptRecords.__base__)
    monkeypatch.setattr(fetcher, "PartitionRecords", _PatientRecords.__base__)


@pytest.fixture
def any_name(by_itself: None) -> None:
    """Read any header name until the test is over."""
    read_any_header_name()


def test_aiokafka_by_itself_stops_at_such_a_name() -> None:
    """The fact that makes the reader necessary; once it is mended there, the reader can go."""
    with pytest.raises(UnicodeDecodeError):
        list(a_fetch(a_batch(0, [GOOD, ODD])))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.usefixtures("any_name")
def test_every_record_is_read_once_and_in_order(codec: str) -> None:
    """Before, at and behind such names, in the same batch and in others, with the bytes of the name kept."""
    got = list(
        a_fetch(a_batch(0, [GOOD] * 2), a_batch(2, [GOOD, ODD, GOOD, ODD], CODECS[codec]), a_batch(6, [GOOD, ODD]))
    )
    assert [record.offset for record in got] == list(range(8))
    assert [record.value for record in got] == [f"v{number}".encode() for number in range(8)]
    assert [record.headers[1] for record in got] == [GOOD, GOOD, GOOD, ODD, GOOD, ODD, GOOD, ODD]
    assert all(record.headers[0] == GOOD and record.key == b"k" for record in got)
    assert ODD[0].encode("utf-8", "surrogateescape") == b"\xff\xfe"


@pytest.mark.usefixtures("any_name")
def test_reading_begins_at_the_offset_that_was_asked_for() -> None:
    """A fetch from the middle of a batch brings the whole batch; what stands before is left out as ever."""
    batch = a_batch(2, [GOOD, ODD, ODD, GOOD])
    for offset in range(2, 6):
        fetch = a_fetch(batch, offset=offset)
        assert [record.offset for record in fetch] == list(range(offset, 6))
        assert fetch.next_fetch_offset == 6


@pytest.mark.usefixtures("any_name")
def test_aborted_records_stay_unread() -> None:
    """A transaction that was aborted behind such a name is left out, as if the reader had never changed."""
    batches = [a_batch(0, [ODD]), a_batch(1, [GOOD, ODD], transactional=True), a_batch(3, [GOOD])]
    assert [record.offset for record in a_fetch(*batches, aborted=[(TRANSACTIONAL, 1)])] == [0, 3]
