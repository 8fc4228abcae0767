"""A record to write, and how records become batches: one future for a partition's batch instead of one a record."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to write, its partition chosen."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def batches(producer: Any, records: Sequence[Outgoing]) -> Iterator[Any]:
    """Yield the awaitables that queue the records, in their order within a partition; each gives a batch's future."""
    grouped: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
    for record in records:
        grouped[record.topic, record.partition].append(record)
    for (topic, partition), group in grouped.items():
        batch = producer.create_batch()
        for record in group:
            if not _append(batch, record):
                yield producer.send_batch(batch, topic, partition=partition)
                batch = producer.create_batch()
                _append(batch, record)
        yield producer.send_batch(batch, topic, partition=partition)


def _append(batch: Any, record: Outgoing) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is not None
