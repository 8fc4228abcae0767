"""Writes aiokafka's produce requests in one go, where its own way copies every batch six times over."""

from struct import Struct
from typing import Any

from aiokafka.protocol import produce
from aiokafka.protocol.types import String

# Since v3 a request begins with the transactional id; the fields are the same in all that aiokafka sends.
SHAPES: tuple[Any, ...] = (
    produce.ProduceRequest_v3,
    produce.ProduceRequest_v4,
    produce.ProduceRequest_v5,
    produce.ProduceRequest_v6,
    produce.ProduceRequest_v7,
)
_TEXT = String("utf-8")
_HEAD, _COUNT, _BATCH = Struct(">hii"), Struct(">i"), Struct(">ii")


def write_produce_requests_at_once() -> None:
    """Make every producer of this process write them so from now on."""
    for shape in SHAPES:
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
