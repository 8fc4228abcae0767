"""Partitions are read from their ends, no further than to the last record of each sought key."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from aiokafka import TopicPartition

from relay.explain.backwards import PIECE_RECORDS, PIECES, Backwards
from relay.explain.entries import Found

HERE, THERE = TopicPartition("state", 0), TopicPartition("state", 1)
LONG = PIECES * PIECE_RECORDS * 2


def a_record(partition: TopicPartition, offset: int, key: bytes, value: bytes | None = b"{}") -> Found:
    """Return a record of that place."""
    return Found(
        topic="state",
        name="state",
        partition=partition.partition,
        offset=offset,
        timestamp=0,
        key=key,
        value=value,
    )


def walked(way: Backwards, records: Sequence[Found]) -> list[dict[TopicPartition, tuple[int, int]]]:
    """Go the whole way through partitions that hold these records; return its pieces."""
    pieces = []
    while piece := way.next_piece():
        pieces.append(dict(piece))
        for one in records:
            begin, end = piece.get(TopicPartition(one.name, one.partition), (0, 0))
            if begin <= one.offset < end and way.matters(one.key, one.value):
                way.take(one)
    return pieces


def test_the_last_record_of_a_key_ends_the_way() -> None:
    """Older ones are not read, nor is anything once each key was met; of one piece the last counts, a tombstone too."""
    last = a_record(HERE, LONG - 7, b"a", None)
    records = [a_record(HERE, 3, b"a"), a_record(HERE, LONG - 9, b"a"), a_record(HERE, LONG - 8, b"other"), last]
    way = Backwards({HERE: [b"a"]}, {HERE: 0}, {HERE: LONG})
    assert len(walked(way, records)) == 1
    assert way.found == [last]


def test_each_partition_is_read_as_far_as_its_own_keys_need() -> None:
    """One is left at its end, the other read to its beginning, without a gap, and nothing twice."""
    near, far = a_record(HERE, LONG - 1, b"a"), a_record(THERE, 12, b"b")
    way = Backwards({HERE: [b"a"], THERE: [b"b"]}, {HERE: 0, THERE: 10}, {HERE: LONG, THERE: LONG})
    pieces = walked(way, [near, far])
    assert way.found == [near, far]
    assert sum(HERE in piece for piece in pieces) == 1
    parts = [piece[THERE] for piece in pieces]
    assert (parts[0][1], parts[-1][0]) == (LONG, 10)
    assert all(newer[0] == older[1] for newer, older in pairwise(parts))
    assert len(parts) <= PIECES


@pytest.mark.parametrize(("first", "end"), [(0, 0), (5, 5), (0, 1)])
def test_what_is_nowhere_is_looked_for_everywhere_once(first: int, end: int) -> None:
    """An empty partition is no piece; a short one is a single piece."""
    way = Backwards({HERE: [b"a"]}, {HERE: first}, {HERE: end})
    assert walked(way, []) == ([{HERE: (first, end)}] if end > first else [])
    assert way.found == []
