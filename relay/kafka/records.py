"""A record to write, and how records become batches: one future for a partition's batch instead of one a record."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder

from relay.core.values import value_object

LARGE_BYTES = 1_048_576
_ZSTD = 4  # Kafka's number of the codec

Headers = list[tuple[str, bytes]]


@value_object(frozen=True)
class Outgoing:
    """A record to write, its partition chosen."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def batches(producer: Any, records: Sequence[Outgoing], *, transactional: bool = False) -> Iterator[Any]:
    """Yield the awaitables that queue the records, in their order within a partition; each gives a batch's future.

    `transactional`: the producer is. Large records are compressed.
    """
    grouped: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    for record in records:
        grouped[record.topic, record.partition].append(record)
    for (topic, partition), group in grouped.items():
        batch = _batch_for(group[0], producer, transactional)
        for record in group:
            if not _append(batch, record):
                yield producer.send_batch(batch, topic, partition=partition)
                batch = _batch_for(record, producer, transactional)
                _append(batch, record)
        yield producer.send_batch(batch, topic, partition=partition)


def _batch_for(record: Outgoing, producer: Any, transactional: bool) -> Any:  # noqa: FBT001 - private
    """Return the batch that a record begins: what came to us compressed would else be too large for its dead letter."""
    if record.value is None or len(record.value) <= LARGE_BYTES:
        return producer.create_batch()
    return BatchBuilder(LARGE_BYTES, _ZSTD, is_transactional=transactional)


def _append(batch: Any, record: Outgoing) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is not None
