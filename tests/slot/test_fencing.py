"""The group's fencing on a real broker, and the private names of aiokafka that it stands on."""

import asyncio
import contextlib
import inspect
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    ConcurrentTransactions,
    CoordinatorLoadInProgressError,
    KafkaError,
    NotEnoughReplicasError,
)
from aiokafka.producer.sender import (
    BACKOFF_OVERRIDE,
    AddOffsetsToTxnHandler,
    AddPartitionsToTxnHandler,
    Sender,
    SendProduceReqHandler,
    TxnOffsetCommitHandler,
)

from relay.kafka.abandoning import abandon
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.records import Outgoing
from relay.slot.committer import CommitFailed, Committer
from relay.slot.fencing import (
    MARKERS_SECONDS,
    GroupFencedProducer,
    Member,
    _Adding,
    _AddingGroup,
    _Handler,
    member_of,
    stable_offsets,
)

pytestmark = pytest.mark.kafka


@contextlib.asynccontextmanager
async def joined(servers: str, topic: str, group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a consumer that is a member of the group."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


@pytest.fixture
async def topic(kafka: EmbeddedKafka) -> str:
    """Give a topic of one partition."""
    name = f"fencing-{uuid.uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1)])
    finally:
        await admin.close()
    return name


@contextlib.asynccontextmanager
async def committing(servers: str, group: str) -> AsyncIterator[Committer]:
    """Give a started committer."""
    committer = Committer({"bootstrap_servers": servers}, transactional_id=f"{group}:{uuid.uuid4()}", group=group)
    await committer.start()
    try:
        yield committer
    finally:
        await committer.abandon()


async def committed_values(servers: str, topic: str) -> list[bytes]:
    """Return what a read_committed reader finds, once nothing is open any more."""
    tp = TopicPartition(topic, 0)
    async with AIOKafkaConsumer(bootstrap_servers=servers) as consumer:
        end = (await consumer.end_offsets([tp]))[tp]
    async with AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed") as consumer:
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        found: list[bytes] = []
        async with asyncio.timeout(20):
            while await consumer.position(tp) < end:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found.extend(record.value for record in records)
    return found


async def settled(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
    """Return the group's offset once no transaction is pending on it: a commit is answered before it is complete."""
    async with asyncio.timeout(10):
        while (offsets := await stable_offsets(consumer, [tp])) is None:  # noqa: ASYNC110 - only the broker knows
            await asyncio.sleep(0.02)
    return offsets[tp]


def a_record(topic: str, value: bytes) -> Outgoing:
    """Return a record for the only partition."""
    return Outgoing(topic, 0, b"key", value, [])


def test_the_private_names_exist() -> None:
    """What fencing.py reaches for has the shape that it had in aiokafka 0.14."""
    assert list(inspect.signature(TxnOffsetCommitHandler.__init__).parameters)[1:] == ["sender", "offsets", "group_id"]
    assert {"create_request", "handle_response", "do"} <= set(dir(TxnOffsetCommitHandler))
    assert list(inspect.signature(Sender._do_txn_offset_commit).parameters)[1:] == ["offsets", "group_id"]
    assert list(inspect.signature(Sender._do_add_partitions_to_txn).parameters)[1:] == ["tps"]
    assert list(inspect.signature(Sender._do_add_offsets_to_txn).parameters)[1:] == ["group_id"]
    assert list(inspect.signature(AddOffsetsToTxnHandler.__init__).parameters)[1:] == ["sender", "group_id"]
    assert list(inspect.signature(AddPartitionsToTxnHandler.__init__).parameters)[1:] == ["sender", "topic_partitions"]
    assert "return BACKOFF_OVERRIDE" in inspect.getsource(AddPartitionsToTxnHandler.handle_response)
    assert MARKERS_SECONDS < BACKOFF_OVERRIDE
    assert list(inspect.signature(Sender._find_coordinator).parameters)[1:] == ["coordinator_type", "coordinator_key"]
    assert {"ensure_coordinator_known", "coordinator_dead", "_send_req"} <= set(dir(GroupCoordinator))
    source = inspect.getsource(GroupCoordinator)
    assert all(f"self.{name} = " in source for name in ("generation", "member_id", "_group_instance_id"))
    assert all(f"self.{name} = " in inspect.getsource(AIOKafkaProducer) for name in ("_sender", "_closed"))
    assert inspect.iscoroutinefunction(Sender.close)
    assert inspect.iscoroutinefunction(AIOKafkaClient.close)


def test_the_markers_of_the_last_transaction_are_waited_for_shortly() -> None:
    """A first partition is asked for again soon; where some are in already, as aiokafka does."""
    manager = SimpleNamespace(txn_partitions=set())
    handler = _Adding(SimpleNamespace(_retry_backoff=0.1, _txn_manager=manager), [])
    busy = SimpleNamespace(errors=[("t", [(0, ConcurrentTransactions.errno)])])
    assert handler.handle_response(busy) == MARKERS_SECONDS
    manager.txn_partitions.add(TopicPartition("t", 0))
    assert handler.handle_response(busy) == 0.1
    group = _AddingGroup(SimpleNamespace(_retry_backoff=0.1, _txn_manager=manager), "group")
    assert group.handle_response(SimpleNamespace(error_code=ConcurrentTransactions.errno)) == MARKERS_SECONDS


async def test_no_part_of_a_transaction_gets_in_the_way_of_another(
    kafka: EmbeddedKafka, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker refuses neither records nor offsets for the other's sake; aiokafka would then wait for 100 ms."""
    refused: list[object] = []
    can_retry, handled = SendProduceReqHandler._can_retry, _Handler.handle_response

    def records(self: object, error: Exception, batch: object) -> object:
        refused.extend([error] * isinstance(error, NotEnoughReplicasError))
        return can_retry(self, error, batch)

    def offsets(self: _Handler, response: Any) -> object:
        codes = {code for _topic, partitions, _tags in response.topics for _partition, code, _tags in partitions}
        refused.extend(codes & {CoordinatorLoadInProgressError.errno})
        return handled(self, response)

    group, servers = f"group-{uuid.uuid4()}", kafka.bootstrap_servers
    async with joined(servers, topic, group) as consumer, committing(servers, group) as committer:
        await _committed(committer, member_of(consumer), topic, 0)
        monkeypatch.setattr(SendProduceReqHandler, "_can_retry", records)
        monkeypatch.setattr(_Handler, "handle_response", offsets)
        for number in range(1, 150):
            await _committed(committer, member_of(consumer), topic, number)
    assert refused == []
    assert len(await committed_values(servers, topic)) == 150


async def _committed(committer: Committer, member: Member, topic: str, number: int) -> None:
    await committer.commit(member, [a_record(topic, b"%d" % number)], {TopicPartition(topic, 0): number + 1})


async def test_offsets_alone_wait_shortly_for_the_markers_of_the_last_transaction(
    kafka: EmbeddedKafka, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group is asked to be added by our handler, which never waits for aiokafka's 100 ms meanwhile."""
    waits: list[float | None] = []
    handled = _AddingGroup.handle_response

    def noted(self: _AddingGroup, response: Any) -> Any:
        waits.append(handled(self, response))
        return waits[-1]

    group, servers = f"group-{uuid.uuid4()}", kafka.bootstrap_servers
    async with joined(servers, topic, group) as consumer, committing(servers, group) as committer:
        await _committed(committer, member_of(consumer), topic, 0)
        monkeypatch.setattr(_AddingGroup, "handle_response", noted)
        for number in range(1, 20):
            await committer.commit(member_of(consumer), [], {TopicPartition(topic, 0): number + 1})
    assert waits.count(None) == 19
    assert set(waits) <= {None, MARKERS_SECONDS}


async def test_aiokafka_commits_transactional_offsets_through_the_replaced_method(
    kafka: EmbeddedKafka, topic: str
) -> None:
    """Our request is the one that is sent: offsets that it commits are the group's."""
    group, tp = f"g-{uuid.uuid4()}", TopicPartition(topic, 0)
    servers = kafka.bootstrap_servers
    async with joined(servers, topic, group) as consumer, committing(servers, group) as committer:
        member = member_of(consumer)
        assert member.generation > 0
        assert member.member_id
        assert await settled(consumer, tp) == -1
        await committer.commit(member, [a_record(topic, b"one")], {tp: 41})
        assert await settled(consumer, tp) == 41
        assert await consumer.committed(tp) == 41


@pytest.mark.parametrize("which", ["an old generation", "another member", "a generation to come", "no membership"])
async def test_the_broker_refuses_who_is_not_the_groups_member(kafka: EmbeddedKafka, topic: str, which: str) -> None:
    """Nothing of it becomes visible, and after a restart the committer's next transaction shows only its own."""
    group, tp = f"g-{uuid.uuid4()}", TopicPartition(topic, 0)
    servers = kafka.bootstrap_servers
    async with joined(servers, topic, group) as first:
        old = member_of(first)
    async with joined(servers, topic, group) as consumer, committing(servers, group) as committer:
        now = member_of(consumer)
        stranger = {
            "an old generation": now._replace(generation=old.generation),
            "another member": now._replace(member_id=old.member_id),
            "a generation to come": now._replace(generation=now.generation + 1),
            "no membership": Member(-1, "", None),
        }[which]
        assert stranger != now
        with pytest.raises(CommitFailed):
            await committer.commit(stranger, [a_record(topic, b"refused")], {tp: 7})
        await committer.start()
        assert await settled(consumer, tp) == -1
        await committer.commit(now, [a_record(topic, b"good")], {tp: 8})
        assert await settled(consumer, tp) == 8
    assert await committed_values(servers, topic) == [b"good"]


async def test_a_transaction_without_offsets_is_refused(kafka: EmbeddedKafka, topic: str) -> None:
    """Without an offset the broker would check no membership."""
    group = f"g-{uuid.uuid4()}"
    servers = kafka.bootstrap_servers
    async with joined(servers, topic, group) as consumer, committing(servers, group) as committer:
        with pytest.raises(CommitFailed):
            await committer.commit(member_of(consumer), [a_record(topic, b"unchecked")], {})
    assert await committed_values(servers, topic) == []


async def test_offsets_in_an_open_transaction_are_unstable(kafka: EmbeddedKafka, topic: str) -> None:
    """A new owner is told to ask again until the transaction ends, by abort or by commit."""
    group, tp = f"g-{uuid.uuid4()}", TopicPartition(topic, 0)
    servers = kafka.bootstrap_servers
    producer = GroupFencedProducer(bootstrap_servers=servers, transactional_id=group)
    await producer.start()
    try:
        async with joined(servers, topic, group) as consumer:
            for end, expected in ((producer.abort_transaction, -1), (producer.commit_transaction, 5)):
                await producer.begin_transaction()
                producer.member = member_of(consumer)
                await producer.send_and_wait(topic, b"open", partition=0)
                await producer.send_offsets_to_transaction({tp: 5}, group)
                assert await stable_offsets(consumer, [tp]) is None
                await end()
                assert await settled(consumer, tp) == expected
    finally:
        await producer.stop()


async def test_a_refused_producer_can_do_nothing_more(kafka: EmbeddedKafka, topic: str) -> None:
    """A refusal is fatal on purpose: neither abort nor a next transaction can make the refused records visible."""
    group, tp = f"g-{uuid.uuid4()}", TopicPartition(topic, 0)
    servers = kafka.bootstrap_servers
    producer = GroupFencedProducer(bootstrap_servers=servers, transactional_id=group, transaction_timeout_ms=2_000)
    await producer.start()
    try:
        async with joined(servers, topic, group) as consumer:
            producer.member = member_of(consumer)._replace(generation=999)
            await producer.begin_transaction()
            await producer.send_and_wait(topic, b"refused", partition=0)
            with pytest.raises(KafkaError):
                await producer.send_offsets_to_transaction({tp: 5}, group)
            for next_step in (producer.abort_transaction, producer.commit_transaction, producer.begin_transaction):
                with pytest.raises((KafkaError, AssertionError)):
                    await next_step()
    finally:
        await abandon(producer)
    assert await committed_values(servers, topic) == []
