"""Records as a read_committed reader saw them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer


class Seen(NamedTuple):
    """A record as a read_committed reader saw it; `topic` is the settings' name for it, such as `delivered`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: Any
    headers: list[tuple[str, bytes]]


async def read_all(reader: AIOKafkaConsumer, names: Mapping[str, str], seen: list[Seen]) -> None:
    """Note whatever comes, for ever; `names` are those of the settings by the topics'."""
    while True:
        for records in (await reader.getmany(timeout_ms=200)).values():
            seen.extend(
                Seen(
                    names[record.topic],
                    record.partition,
                    record.offset,
                    record.key,
                    json.loads(record.value),
                    list(record.headers),
                )
                for record in records
            )
