"""KIP-447 for aiokafka: transactional offsets that carry the member's generation, and offsets read only when stable.

aiokafka's private names are used here and in relay/kafka (abandoning, rights) alone: aiokafka is pinned exactly, and
tests/slot/test_fencing.py fails when an upgrade changes them.

After ANY error out of a transaction the producer must be abandoned and a new one started with the same transactional
id, which aborts what is open. A reused one forgets the partitions, sends no abort, and silently commits the refused
records with its next transaction.
"""

import collections
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, errors
from aiokafka.client import CoordinationType
from aiokafka.producer.sender import (
    BACKOFF_OVERRIDE,
    AddOffsetsToTxnHandler,
    AddPartitionsToTxnHandler,
    TxnOffsetCommitHandler,
)

from relay.slot.protocol import OffsetFetch, TxnOffsetCommit

UNSTABLE_OFFSET_COMMIT, FENCED_INSTANCE_ID = 88, 82
MARKERS_SECONDS = 0.003  # a broker writes the markers of the last transaction in a few milliseconds


class Member(NamedTuple):
    """What a consumer was to its group when partitions were assigned to it."""

    generation: int
    member_id: str
    group_instance_id: str | None


class NotAMember(Exception):  # noqa: N818 - it states a fact, as aiokafka's own errors do
    """A slot was acquired by another membership than the one that commits, or by none."""


def member_of(consumer: AIOKafkaConsumer) -> Member:
    """Return the consumer's membership; to be noted at assignment, since a zombie's coordinator resets its own."""
    coordinator = consumer._coordinator
    return Member(coordinator.generation, coordinator.member_id, coordinator._group_instance_id)


@dataclass(frozen=True)
class _ResponseV0:
    errors: list[tuple[str, list[tuple[int, int]]]]


class _Handler(TxnOffsetCommitHandler):
    def __init__(self, sender: Any, offsets: Mapping[TopicPartition, Any], group_id: str, member: Member) -> None:
        super().__init__(sender, offsets, group_id)
        self._member = member

    def create_request(self) -> TxnOffsetCommit:
        manager = self._sender._txn_manager
        topics: dict[str, list[Any]] = collections.defaultdict(list)
        for tp, committed in sorted(self._offsets.items()):
            topics[tp.topic].append((tp.partition, committed.offset, -1, committed.metadata, {}))
        return TxnOffsetCommit(
            manager.transactional_id,
            self._group_id,
            manager.producer_id,
            manager.producer_epoch,
            *self._member,
            [(topic, partitions, {}) for topic, partitions in topics.items()],
            {},
        )

    def handle_response(self, response: Any) -> Any:
        not_a_member = (errors.IllegalGenerationError, errors.UnknownMemberIdError, errors.for_code(FENCED_INSTANCE_ID))
        for _topic, partitions, _tags in response.topics:
            for _partition, code, _tags in partitions:
                if errors.for_code(code) in not_a_member:
                    raise errors.for_code(code)  # ends the sender: fatal on purpose, see above
        as_v0 = [(topic, [(p, code) for p, code, _ in partitions]) for topic, partitions, _ in response.topics]
        return super().handle_response(_ResponseV0(as_v0))


class _Adding(AddPartitionsToTxnHandler):
    """Asks again sooner than aiokafka does where the broker is still completing the transaction before."""

    def handle_response(self, response: Any) -> Any:
        wait = super().handle_response(response)
        return MARKERS_SECONDS if wait == BACKOFF_OVERRIDE else wait


class _AddingGroup(AddOffsetsToTxnHandler):
    """Asks again as soon: the group comes first where a transaction has nothing but offsets."""

    def handle_response(self, response: Any) -> Any:
        wait = super().handle_response(response)
        return MARKERS_SECONDS if errors.for_code(response.error_code) is errors.ConcurrentTransactions else wait


class GroupFencedProducer(AIOKafkaProducer):
    """A transactional producer whose offsets are refused by the broker unless `member` is the group's present one."""

    member: Member | None = None

    async def start(self) -> None:
        """Connect, get a producer id (which aborts what an older producer of this id left open)."""
        await super().start()
        sender = self._sender

        async def commit(offsets: Mapping[TopicPartition, Any], group_id: str) -> None:
            if offsets:
                member = self.member
                if member is None or member.generation <= 0 or not member.member_id:
                    raise NotAMember("the offsets of a transaction need the membership of their slots")
                node = await sender._find_coordinator(CoordinationType.GROUP, group_id)
                await _Handler(sender, offsets, group_id, member).do(node)

        async def ask(handler: _Adding | _AddingGroup) -> Any:
            node = await sender._find_coordinator(CoordinationType.TRANSACTION, sender._txn_manager.transactional_id)
            return await handler.do(node)

        sender._do_txn_offset_commit = commit
        sender._do_add_partitions_to_txn = lambda partitions: ask(_Adding(sender, partitions))
        sender._do_add_offsets_to_txn = lambda group_id: ask(_AddingGroup(sender, group_id))


async def stable_offsets(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int] | None:
    """Return the committed offsets (-1 = none), or None while a transaction is pending on one of them: ask again."""
    return await committed_offsets(consumer, partitions, stable=True)


async def committed_offsets(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition], *, stable: bool
) -> dict[TopicPartition, int] | None:
    """Return the committed offsets as `stable_offsets` does; unless `stable`, pending ones are passed over."""
    topics = collections.defaultdict(list)
    for tp in partitions:
        topics[tp.topic].append(tp.partition)
    coordinator = consumer._coordinator
    await coordinator.ensure_coordinator_known()
    response = await coordinator._send_req(
        OffsetFetch(coordinator.group_id, [(t, ps, {}) for t, ps in topics.items()], stable, {})
    )
    if response.error_code:  # coordinator loading or moved: no topics come then, which must not read as "no offsets"
        coordinator.coordinator_dead()
        return None
    offsets = {}
    for topic, found, _tags in response.topics:
        for partition, offset, _epoch, _metadata, code, _tags in found:
            if code == UNSTABLE_OFFSET_COMMIT:
                return None
            if code:
                raise errors.for_code(code)
            offsets[TopicPartition(topic, partition)] = offset
    return offsets if offsets.keys() == set(partitions) else None
