"""Copies what the internal topics hold to others with another partition count, each record to where its key belongs.

Nothing is changed in the old ones. The relay must not run meanwhile: its groups are asked whether they have members.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from relay.accounts import collected_names
from relay.configuration import Settings
from relay.kafka.abandoning import let_go
from relay.kafka.connection import admin_of
from relay.kafka.groups import groups
from relay.kafka.partitions import partition_of
from relay.kafka.records import Outgoing
from relay.kafka.rights import occupied_groups
from relay.kafka.topics import Topics
from relay.kafka.writing import Delayed, Writer
from relay.slot.fencing import stable_offsets
from relay.slot.keys import account_of, shard_of_state
from relay.slot.restore import FETCH_BYTES, READ_MILLISECONDS, high_watermarks

UNSTABLE_WAIT_SECONDS = 0.2
INTERNAL = ("inbox", "raw", "state")


class MigrationRefused(Exception):  # noqa: N818 - it says what happened
    """The topics can't be migrated as they are; the message says why and what to do."""


class Migration:
    """From the internal topics of one configuration to those of another. Methods raise what aiokafka raises."""

    def __init__(self, old: Settings, new: Settings, options: Mapping[str, Any]) -> None:
        self._old = old
        self._new = new
        self._options = options
        self._collected = collected_names(new)
        self._counts: dict[str, int] = {}

    async def prepare(self) -> None:
        """See that nothing speaks against it, and create the new topics; no record is written.

        Raises:
            MigrationRefused: something does.

        """
        if problems := list(self._differences()):
            raise MigrationRefused("; ".join(problems))
        async with admin_of(self._options) as admin:
            await self._nobody_works(admin)
            await self._states_are_in_place(await Topics(admin, self._old).counts())
            await self._new_topics_are_there(Topics(admin, self._new))
            self._counts = await Topics(admin, self._old).counts() | await Topics(admin, self._new).counts()
        if any((await high_watermarks(self._options, self._places(self._new))).values()):
            raise MigrationRefused("the new topics hold records already; delete the new three, and begin again")

    async def copy(self, delayed: Delayed, went_on: Callable[[str, int], None]) -> dict[str, int]:
        """Copy the states, and what of inbox and raw topic was not decided; return how many records of each.

        `delayed` hears of each attempt to write that failed; it is tried again for ever. `went_on` hears of each page
        that was written: which topic, and how many records more.
        """
        copied = dict.fromkeys(INTERNAL, 0)
        writer = Writer(self._options, compression="zstd")
        try:
            for name in INTERNAL:
                topic = getattr(self._old.topics, name)
                async with aclosing(self._read(topic, undecided=name != "state")) as pages:
                    async for records in pages:
                        await writer.write([self._moved(name, record) for record in records], delayed)
                        copied[name] += len(records)
                        went_on(name, len(records))
        finally:
            await writer.stop()
        return copied

    def _differences(self) -> Iterator[str]:
        """Give what must not be, or must be, the same in both configurations."""
        for name in INTERNAL:
            if getattr(self._old.topics, name) == getattr(self._new.topics, name):
                yield f"topics.{name}: is the same in both configurations; give it a new name in the new one"
        if self._old.kafka != self._new.kafka:
            yield "kafka: differs; records are copied within one Kafka"
        if self._old.relay.group != self._new.relay.group:
            yield "relay.group: differs; the new relay goes on in the inputs where the old one ended"

    def _moved(self, name: str, record: Any) -> Outgoing:
        """Return the record as it is written: those of inbox and raw topic have the key of their slot already."""
        topic = getattr(self._new.topics, name)
        shard = shard_of_state(record.key, self._collected) if name == "state" else record.key or b""
        partition = partition_of(shard, self._counts[topic])
        return Outgoing(topic, partition, record.key, record.value, list(record.headers))

    def _places(self, settings: Settings) -> list[TopicPartition]:
        names = [getattr(settings.topics, name) for name in INTERNAL]
        return [TopicPartition(name, number) for name in names for number in range(self._counts[name])]

    async def _nobody_works(self, admin: AIOKafkaAdminClient) -> None:
        if occupied := await occupied_groups(admin, groups(self._old)):
            raise MigrationRefused(f"{occupied[0]}: has members; stop every replica, and wait until they have left")

    async def _states_are_in_place(self, counts: dict[str, int]) -> None:
        """Read all keys first: whatever can't be placed is found before anything is written."""
        self._counts, topic = counts, self._old.topics.state
        if missing := [name for name in INTERNAL if getattr(self._old.topics, name) not in counts]:
            raise MigrationRefused(f"topics.{missing[0]}: there is no such topic in the old configuration's Kafka")
        async with aclosing(self._read(topic, undecided=False)) as pages:
            async for records in pages:
                for record in records:
                    self._must_be_in_place(record, counts[topic])

    def _must_be_in_place(self, record: Any, partitions: int) -> None:
        place = f"{record.topic}: partition {record.partition}, offset {record.offset}"
        try:
            shard = shard_of_state(record.key, self._collected)
        except ValueError:
            raise MigrationRefused(f"{place}: not a state of the relay; delete it with a tombstone") from None
        account = account_of(record.key)
        if account not in self._new.accounts:
            raise MigrationRefused(
                f"accounts.{account}: has states and is not configured; configure it at least meanwhile, "
                "since its provider decides where they belong"
            )
        if partition_of(shard, partitions) != record.partition:
            raise MigrationRefused(
                f"{place}: a state of account {account} that belongs elsewhere; has the topic grown, or the account "
                "another provider than before?"
            )

    async def _new_topics_are_there(self, topics: Topics) -> None:
        created, refused = await topics.create_missing()
        await topics.until_present(created)
        if problems := [*refused, *await topics.problems()]:
            raise MigrationRefused("; ".join(problems))

    async def _read(self, topic: str, *, undecided: bool) -> AsyncGenerator[list[Any], None]:
        """Give the committed records of a topic, each partition's in order; `undecided`: only those not decided."""
        places = [TopicPartition(topic, number) for number in range(self._counts[topic])]
        reader = AIOKafkaConsumer(
            **self._options,
            group_id=self._old.relay.group,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            await reader.start()
            ends = await high_watermarks(self._options, places)
            reader.assign(places)
            await _begin(reader, places, undecided=undecided)
            behind = await _behind(reader, ends)
            while behind:
                for records in (await reader.getmany(*behind, timeout_ms=READ_MILLISECONDS)).values():
                    yield records
                behind = await _behind(reader, ends)
        finally:
            await let_go(reader)


async def _begin(reader: AIOKafkaConsumer, places: Iterable[TopicPartition], *, undecided: bool) -> None:
    await reader.seek_to_beginning(*places)
    if not undecided:
        return
    while (offsets := await stable_offsets(reader, list(places))) is None:  # noqa: ASYNC110 - the broker knows
        await asyncio.sleep(UNSTABLE_WAIT_SECONDS)  # a transaction that was open ends within its 10 s
    for place, offset in offsets.items():
        if offset >= 0:
            reader.seek(place, offset)


async def _behind(reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> list[TopicPartition]:
    return [place for place, end in ends.items() if await reader.position(place) < end]
