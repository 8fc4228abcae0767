"""Writes aiokafka's produce requests in one go, where its own way copies every batch six times over."""

from struct import Struct
from typing import Any

from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.types import String

FIRST_WITH_ID = 3  # since then a request begins with the transactional id, and is otherwise as before
_TEXT = String("utf-8")
_HEAD, _COUNT, _BATCH = Struct(">hii"), Struct(">i"), Struct(">ii")


def write_produce_requests_at_once() -> None:
    """Make every producer that is started in this process from now on write them so."""
    for shape in ProduceRequest._CLASSES:
        if shape.API_VERSION >= FIRST_WITH_ID:
            shape.encode = _encode


def _encode(request: Any) -> bytes:
    """Return the request's bytes, the same as aiokafka's own `encode` does."""
    pieces = [
        _TEXT.encode(request.transactional_id),
        _HEAD.pack(request.required_acks, request.timeout, len(request.topics)),
    ]
    for topic, batches in request.topics:
        pieces += (_TEXT.encode(topic), _COUNT.pack(len(batches)))
        for partition, records in batches:
            pieces += (_BATCH.pack(partition, len(records)), records)
    return b"".join(pieces)
