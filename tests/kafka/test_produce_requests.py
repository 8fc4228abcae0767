"""Produce requests as they are written: the same bytes as aiokafka's own way gives."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.protocol.api import RequestStruct
from aiokafka.protocol.produce import ProduceRequest
from hypothesis import given
from hypothesis import strategies as st

from relay.kafka.produce_requests import SHAPES, write_produce_requests_at_once

BATCHES = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.binary().map(bytearray)), max_size=4)
TOPICS = st.lists(st.tuples(st.text(max_size=249), BATCHES), max_size=4)


@pytest.fixture(autouse=True)
def by_itself() -> Iterator[None]:
    """Leave aiokafka as it is without the relay."""
    yield
    for shape in SHAPES:
        if "encode" in vars(shape):
            del shape.encode


@given(transactional_id=st.none() | st.text(max_size=100), acks=st.sampled_from([-1, 0, 1]), topics=TOPICS)
def test_the_bytes_are_those_that_aiokafka_writes(transactional_id: str | None, acks: int, topics: Any) -> None:
    """Of each version that brokers may ask for."""
    request = ProduceRequest(transactional_id, acks, 40_000, topics)
    write_produce_requests_at_once()
    for shape in SHAPES:
        written = request.build(shape)
        assert written.encode() == RequestStruct.encode(written)


def test_all_that_a_producer_may_send_is_known_here() -> None:
    """But for the versions before transactions, which begin otherwise; a newer one may look otherwise, too."""
    assert [shape for shape in ProduceRequest._CLASSES if shape.API_VERSION >= 3] == list(SHAPES)
