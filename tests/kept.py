"""What the relay keeps in its internal topics: their records, and answers put together from their parts."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.running import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One answer as `relay.raw` holds it, put together from its parts."""

    headers: Mapping[str, str]
    body: bytes
    partition: int
    offsets: tuple[int, ...]


def headers_of(record: Any) -> dict[str, str]:
    """Return a record's headers as text."""
    return {name: value.decode() for name, value in record.headers}


def put_together(records: list[Any]) -> Stored:
    """Join the parts, each of which may stand there twice, and hold them to their headers."""
    parts = {int(headers_of(record)["part"]): record for record in records}
    headers = headers_of(parts[1])
    assert sorted(parts) == list(range(1, int(headers["parts"]) + 1))
    body = b"".join(parts[number].value for number in sorted(parts))
    assert hashlib.sha256(body).hexdigest() == headers["sha256"]
    assert len({record.partition for record in records}) == 1
    offsets = tuple(parts[number].offset for number in sorted(parts))
    return Stored(headers=headers, body=body, partition=records[0].partition, offsets=offsets)


async def stored_records(relay: World, topic: str, **options: Any) -> list[Any]:
    """Return all records of one of the relay's topics, those of each partition in order."""
    ends = {tp: end for tp, end in (await relay.ends(relay.topics[topic])).items() if end}
    found: list[Any] = []
    if not ends:
        return found
    limits = {"max_partition_fetch_bytes": 32 * 1_048_576, "fetch_max_bytes": 64 * 1_048_576}
    async with AIOKafkaConsumer(bootstrap_servers=relay.bootstrap_servers, **limits, **options) as reader:
        reader.assign(list(ends))
        await reader.seek_to_beginning(*ends)
        deadline = time.monotonic() + 20
        while behind := [tp for tp, end in ends.items() if await _is_behind(reader, tp, end)]:
            assert time.monotonic() < deadline, "an open transaction"
            for records in (await reader.getmany(*behind, timeout_ms=100)).values():
                found.extend(records)
    return found


async def _is_behind(reader: AIOKafkaConsumer, tp: TopicPartition, end: int) -> bool:
    position: int = await reader.position(tp)
    return position < end
