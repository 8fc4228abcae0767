"""Reads the marks of redriven letters from Kafka, never taking silence for "none"."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from relay.kafka.rights import coordinator
from relay.letters.marks import Marks, marks_in, nothing_marked
from relay.slot.fencing import UNSTABLE_OFFSET_COMMIT
from relay.slot.protocol import OffsetFetch

STABLE = True
NO_TAGS: Mapping[int, bytes] = MappingProxyType({})
RETRY_SECONDS = 0.1


async def kept_marks(
    admin: AIOKafkaAdminClient, group: str, topic: str, partitions: int, now: datetime
) -> Mapping[int, Marks]:
    """Return the marks of every partition, once no transaction is about to change them.

    Raises whatever aiokafka raises, and MarksUnreadable; to be bounded in time by its caller.
    """
    node = await coordinator(admin, group)
    while True:
        response = await admin._send_request(
            OffsetFetch(group, [(topic, list(range(partitions)), NO_TAGS)], STABLE, NO_TAGS), node
        )
        if response.error_code:
            raise for_code(response.error_code)
        found = [each for _topic, partitions_, _tags in response.topics for each in partitions_]
        if not any(code == UNSTABLE_OFFSET_COMMIT for *_, code, _tags in found):
            return _marks(found, partitions, now)
        await asyncio.sleep(RETRY_SECONDS)


def _marks(found: Sequence[Any], partitions: int, now: datetime) -> Mapping[int, Marks]:
    marks = dict.fromkeys(range(partitions), nothing_marked(now))
    for partition, offset, _epoch, metadata, code, _tags in found:
        if code:
            raise for_code(code)
        if offset >= 0:
            marks[partition] = marks_in(offset, metadata or "")
    return marks
