"""Turns a window of time into offsets: what of each partition is read, and how much of it is left out."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from relay.configuration import Settings
from relay.explain.windows import Window, milliseconds
from relay.kafka.connection import admin_of
from relay.kafka.groups import ingest_group

Offsets = Mapping[TopicPartition, int]
Taken = Mapping[TopicPartition, int]
NOTHING_TAKEN: Taken = MappingProxyType({})


Stretch = Mapping[TopicPartition, tuple[int, int]]
"""Of each partition that has something to read: the offset to read from, and the one to read to."""


def records_in(stretch: Stretch) -> int:
    """Return how many records there are to read, at most."""
    return sum(end - begin for begin, end in stretch.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """What is read, one stretch after the other, and how many records of each partition are not."""

    parts: tuple[Stretch, ...]
    left: Offsets


async def stretches_of(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], window: Window, taken: Taken
) -> Stretches:
    """Ask Kafka for the offsets of a window.

    What nobody took out of a partition yet lies in no window; where it isn't known what was taken, that is all.
    """
    first = await consumer.beginning_offsets(partitions)
    last = await consumer.end_offsets(partitions)
    begins = await _from(consumer, window, first, last)
    stops = await _to(consumer, window, last)
    closes = {tp: max(begins[tp], stops[tp]) if tp in taken else last[tp] for tp in partitions}
    rest = {tp: max(closes[tp], taken.get(tp, 0)) for tp in partitions}
    return Stretches(
        parts=(_between(begins, closes), _between(rest, last)),
        left={tp: begins[tp] - first[tp] + max(0, min(rest[tp], last[tp]) - closes[tp]) for tp in partitions},
    )


def _between(begins: Offsets, ends: Offsets) -> Stretch:
    return {tp: (begin, ends[tp]) for tp, begin in begins.items() if begin < ends[tp]}


async def _from(consumer: AIOKafkaConsumer, window: Window, first: Offsets, last: Offsets) -> Offsets:
    if window.since is None:
        return first
    found = await _at(consumer, list(first), milliseconds(window.since))
    unsure = [tp for tp in first if tp not in found and first[tp] < last[tp]]
    dated = await _at(consumer, unsure, 0)  # a record without a timestamp is older than any instant
    return {
        tp: min(max(offset, found.get(tp, last[tp] if tp in dated else offset)), last[tp])
        for tp, offset in first.items()
    }


async def _to(consumer: AIOKafkaConsumer, window: Window, last: Offsets) -> Offsets:
    if window.until is None:
        return last
    found = await _at(consumer, list(last), milliseconds(window.until))
    return {tp: min(found.get(tp, offset), offset) for tp, offset in last.items()}


async def _at(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], timestamp: int) -> Offsets:
    """Return the first offset that is not older, where there is one."""
    if not partitions:
        return {}
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, timestamp))
    return {tp: each.offset for tp, each in found.items() if each is not None}


async def taken_of(options: Mapping[str, Any], settings: Settings, counts: Mapping[str, int]) -> Taken:
    """Return up to where the relay took the records of inputs and inbox; events are nobody's to take.

    Nothing of a topic where Kafka doesn't tell. To be asked before anything is read: what is taken later is read.
    """
    group, topics = settings.relay.group, settings.topics
    inputs = [(ingest_group(group, topic), topic) for topic in (topics.fetch_requests, topics.messages_sent)]
    events = (topics.delivered, topics.seen, topics.failed, topics.answered)
    taken = {TopicPartition(topic, number): sys.maxsize for topic in events for number in range(counts.get(topic, 0))}
    groups = [*inputs, (group, topics.inbox)]
    async with admin_of(options) as admin:
        told = await asyncio.gather(*(_offsets_of(admin, name) for name, _ in groups))
    for (_, topic), offsets in zip(groups, told, strict=True):
        taken |= {tp: each.offset for tp, each in offsets.items() if tp.topic == topic and each.offset >= 0}
    return taken


async def _offsets_of(admin: AIOKafkaAdminClient, group: str) -> Mapping[TopicPartition, Any]:
    try:
        return dict(await admin.list_consumer_group_offsets(group))
    except KafkaError:  # no right to see the group, or none that was ever there
        return {}
