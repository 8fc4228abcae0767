"""One Kafka transaction for a turn of all slots: events, states, forwarded requests and offsets, or nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from relay.kafka.abandoning import abandon
from relay.kafka.records import Outgoing, batches
from relay.slot.fencing import GroupFencedProducer, Member, NotAMember

TRANSACTION_TIMEOUT_SECONDS = 10  # also how long a dead process can keep read_committed readers waiting
BATCH_BYTES = 262_144
RECORD_BYTES = 16 * 1_048_576


class CommitFailed(Exception):  # noqa: N818 - the past participle says that nothing became visible
    """The transaction did not commit as far as we know; the producer is unusable, slots must be acquired anew."""


class Committer:
    """The process's one transactional producer; one id for the process's life, a new producer after any error."""

    def __init__(self, options: Mapping[str, Any], *, transactional_id: str, group: str) -> None:
        self._options = options
        self._transactional_id = transactional_id
        self._group = group
        self._producer: GroupFencedProducer | None = None

    async def start(self) -> None:
        """Start a producer; an older one of this process is thrown away, which aborts what it left open."""
        await self.abandon()
        producer = GroupFencedProducer(
            **self._options,
            transactional_id=self._transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_SECONDS * 1000,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=RECORD_BYTES,
        )
        self._producer = producer  # before it runs: a start that fails half-way is abandoned, too
        await producer.start()

    async def partitions(self, topics: Iterable[str]) -> dict[str, int]:
        """Return the partition counts of the topics."""
        assert self._producer is not None
        return {topic: len(await self._producer.partitions_for(topic)) for topic in topics}

    async def commit(self, member: Member, records: Sequence[Outgoing], offsets: Mapping[TopicPartition, int]) -> None:
        """Write the records and commit the offsets in one transaction of the member.

        Raises:
            CommitFailed: nothing of it is visible, or it can't be known; call `start` and acquire every slot anew.

        """
        producer = self._producer
        if producer is None:
            raise CommitFailed("no producer")
        try:
            async with asyncio.timeout(TRANSACTION_TIMEOUT_SECONDS):
                await self._transact(producer, member, records, offsets)
        except Exception as error:
            raise CommitFailed(type(error).__name__) from error

    async def _transact(
        self,
        producer: GroupFencedProducer,
        member: Member,
        records: Sequence[Outgoing],
        offsets: Mapping[TopicPartition, int],
    ) -> None:
        if not offsets:
            raise NotAMember("a transaction needs an offset, with which the broker checks the membership")
        await producer.begin_transaction()
        producer.member = member
        sent = [await future for future in batches(producer, records, transactional=True)]
        await asyncio.gather(*sent)  # a failed send does not fail the transaction by itself
        # not before: while a broker checks records with the transaction's coordinator, offsets are refused, and the
        # reverse; aiokafka then waits for 100 ms
        await producer.send_offsets_to_transaction(dict(offsets), self._group)
        await producer.commit_transaction()

    async def abandon(self) -> None:
        """Throw the producer away, whatever its state."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)

    async def stop(self) -> None:
        """Close a producer that is between transactions."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
