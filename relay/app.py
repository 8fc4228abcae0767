"""The composition root: builds a relay process from its settings, runs it, stops it in order."""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker

from relay import __version__
from relay.accounts import Built, built_accounts, built_rules
from relay.configuration import Settings
from relay.gauges import measure
from relay.ingest.accepting import accept_fetch_request, accept_message_sent
from relay.ingest.broker import ingest_broker
from relay.ingest.subscribers import Ingest
from relay.kafka.connection import admin_of
from relay.kafka.groups import groups
from relay.kafka.rights import forbidden_groups
from relay.kafka.topics import Topics
from relay.kafka.writing import Writer
from relay.lookups.accounts import Accounts
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.observe.rendering import masked
from relay.readiness import why_not_ready
from relay.slot.collection import Collection
from relay.slot.committer import Committer
from relay.slot.consumer import started_consumer
from relay.slot.drains import Drains
from relay.slot.loop import Loop, utc_now
from relay.slot.publishing import Publishing
from relay.watchdog import Watched

WAIT_SECONDS = 1.0
KAFKA_SECONDS = 30.0
STOP_SECONDS, LEAST_STOP_SECONDS = 20.0, 0.5  # for all parts together; what is left then gets a moment each

log = structlog.get_logger("relay")


class Relay:
    """One process of the relay. `run` returns its exit code."""

    def __init__(self, settings: Settings, options: dict[str, Any], metrics: Metrics) -> None:
        self._settings = settings
        self._options = options
        self._metrics = metrics
        self._stop = asyncio.Event()
        self._error: BaseException | None = None
        self._awaiting: str | None = "starting"
        self._loop: Loop | None = None
        self._ingest: Ingest | None = None
        self._drains: Drains | None = None
        self._stop_until = float("inf")
        self.watched = Watched()

    # What others ask

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Say whether the process makes progress."""
        stuck = self.watched.stuck(time.monotonic())
        return stuck is None, {} if stuck is None else {"why": stuck}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Say whether every assigned partition is restored, else why not."""
        if self._awaiting is not None or self._loop is None or self._drains is None:
            return False, {"why": self._awaiting}
        why = why_not_ready(self._loop, self._ingest, self._drains, self.watched)
        return why is None, {"slots": len(self._loop.ownership.slots)} if why is None else why

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stop.set()

    # Running

    async def run(self) -> int:
        """Run until `stop`, or until an error that only a restart can mend; return the exit code."""
        async with contextlib.AsyncExitStack() as stack:
            beating = asyncio.create_task(self.watched.beat())
            stack.push_async_callback(_ended, beating)
            starting = asyncio.create_task(self._start(stack))
            await self._first(starting)
            if starting.done() and not starting.cancelled() and (error := starting.exception()) is not None:
                self._error = self._error or error
            if not starting.done():
                await _ended(starting)
            elif self._error is None:
                await self._stop.wait()
            self._awaiting = "stopping"
            self._stop_until = time.monotonic() + STOP_SECONDS
        if self._error is not None:
            detail = masked(str(self._error))
            log.error(Line.PROCESS_STOPPED, why=type(self._error).__name__, detail=detail, exit_code=1)
            return 1
        log.info(Line.PROCESS_STOPPED, why="asked to stop", exit_code=0)
        return 0

    async def _first(self, starting: asyncio.Task[None]) -> None:
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await _ended(stopping)

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        log.info(Line.PROCESS_STARTED, version=__version__, configuration=self._settings.source or "defaults")
        partitions = await self._until("topics", self._topics_are_fit)
        built = built_accounts(self._settings, partitions, self._metrics)
        accounts = built.accounts
        stack.push_async_callback(self._quietly, accounts.stop)
        committer = Committer(
            self._options,
            transactional_id=f"{self._settings.relay.group}:{uuid.uuid4()}",
            group=self._settings.relay.group,
        )
        stack.push_async_callback(self._quietly, committer.stop)
        await self._until("the transaction coordinator", committer.start)
        publishing = Publishing(self._settings.topics, built.collected)
        publishing.partitions_are(await self._until("topics", lambda: committer.partitions(publishing.needed)))
        group = self._settings.relay.group
        consumer = await self._until("the slots' consumer group", lambda: started_consumer(self._options, group))
        collection = self._built_collection(stack, built, partitions, consumer)
        stack.push_async_callback(self._quietly, consumer.stop)  # first: others take over while drains end here
        self._loop = loop = self._built_loop(consumer, committer, publishing, accounts, collection)
        self._spawn(stack, accounts.run())
        self._spawn(stack, loop.turn_for_ever())
        # Stopped before the turns are cancelled: half a turn's transaction would stay open for 10 s.
        stack.push_async_callback(self._quietly, loop.stop)
        self._spawn(stack, loop.fetch())
        self._spawn(stack, measure(loop, accounts, self._metrics, self.watched))
        self._spawn(stack, self.watched.watch_consumer("slots", lambda: consumer, lambda: loop.awaits_kafka))
        probed = [TopicPartition(self._settings.topics.inbox, 0)]
        self._spawn(stack, self.watched.watch_kafka(lambda: consumer.end_offsets(probed)))
        consumer.subscribe([self._settings.topics.inbox, self._settings.topics.raw], listener=loop.ownership)
        await self._start_ingest(stack, publishing)
        self._awaiting = None

    async def _start_ingest(self, stack: contextlib.AsyncExitStack, publishing: Publishing) -> None:
        inbox, letters = Writer(self._options), Writer(self._options, compression="zstd")
        stack.push_async_callback(self._quietly, inbox.stop)
        stack.push_async_callback(self._quietly, letters.stop)

        async def begin() -> KafkaBroker:
            broker = ingest_broker(self._settings.kafka, self._options)
            ingest = Ingest(
                broker,
                group=self._settings.relay.group,
                accounts=self._settings.accounts,
                inbox=inbox,
                dead_letters=letters,
                publishing=publishing,
                metrics=self._metrics,
                clock=utc_now,
                failed=self._fail,
            )
            self._ingest = ingest
            names = self._settings.topics
            subscribers = {
                topic: ingest.subscribe(topic, accept)
                for topic, accept in (
                    (names.fetch_requests, accept_fetch_request),
                    (names.messages_sent, accept_message_sent),
                )
            }
            try:
                await broker.start()
            except BaseException:
                await broker.stop()
                raise
            for topic, subscriber in subscribers.items():
                self._spawn(
                    stack,
                    self.watched.watch_consumer(
                        topic, partial(getattr, subscriber, "consumer"), partial(ingest.waiting.__contains__, topic)
                    ),
                )
            return broker

        broker = await self._until("the input topics", begin)
        stack.push_async_callback(self._quietly, broker.stop)

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._stop.set()

    def _spawn(self, stack: contextlib.AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error(Line.PROCESS_FAILED, why=type(error).__name__, exc_info=error)
                self._fail(error)

        task.add_done_callback(ended)
        stack.push_async_callback(_ended, task)

    async def _quietly(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Stop a part within what is left of the time; what hangs or fails is abandoned, since the process ends."""
        try:
            async with asyncio.timeout(max(LEAST_STOP_SECONDS, self._stop_until - time.monotonic())):
                await stop()
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Else the other parts must be stopped, too; aiokafka lets the end of its fetches out (see let_go).
            log.warning(Line.PART_ABANDONED, part=getattr(stop, "__qualname__", "part"), why=type(error).__name__)

    async def _until(self, what: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something that needs Kafka until it works, saying why it doesn't."""
        while True:
            self._awaiting = f"waiting for {what}"
            try:
                async with asyncio.timeout(KAFKA_SECONDS):
                    return await work()
            except Exception as error:  # noqa: BLE001 - aiokafka raises many kinds while Kafka is away
                self._awaiting = f"waiting for {what}: {type(error).__name__}: {error}"
                log.warning(Line.KAFKA_AWAITED, what=what, why=type(error).__name__, detail=str(error))
                await asyncio.sleep(WAIT_SECONDS)

    async def _topics_are_fit(self) -> int:
        async with admin_of(self._options) as admin:
            topics = Topics(admin, self._settings)
            if self._settings.relay.create_topics:
                created, refused = await topics.create_missing()
                if created:
                    log.info(Line.TOPICS_CREATED, topics=created)
                if refused:
                    raise TopicsUnfit("; ".join(refused))
                if created:
                    await topics.until_present(created)
            forbidden = [*await topics.forbidden(), *await forbidden_groups(admin, groups(self._settings))]
            if problems := [*await topics.problems(), *forbidden]:
                raise TopicsUnfit("; ".join(problems))
            return await topics.partitions(self._settings.topics.inbox)

    # Building

    def _built_collection(
        self, stack: contextlib.AsyncExitStack, built: Built, partitions: int, consumer: AIOKafkaConsumer
    ) -> Collection:
        raw = self._settings.topics.raw
        writer = Writer(self._options, compression="zstd")
        stack.push_async_callback(self._quietly, writer.stop)
        self._drains = drains = Drains(writer, raw, self._metrics, utc_now)
        stack.push_async_callback(self._finish, drains)

        async def is_read(partition: int) -> bool:
            place = TopicPartition(raw, partition)
            ends: dict[TopicPartition, int] = await consumer.end_offsets([place])
            position: int = await consumer.position(place)
            return position >= ends[place]

        return Collection(
            built.collected,
            drains,
            partitions=partitions,
            is_read=is_read,
            failed=self._fail,
            metrics=self._metrics,
            clock=utc_now,
        )

    async def _finish(self, drains: Drains) -> None:
        """Let drains that are under way end; a body that Kafka does not take in time is worth a bad exit."""
        await self._quietly(drains.finish)
        if drains.abandon():
            self._error = self._error or BodyNotStored("Kafka did not take an answer that can't be asked for again")

    def _built_loop(
        self,
        consumer: AIOKafkaConsumer,
        committer: Committer,
        publishing: Publishing,
        accounts: Accounts,
        collection: Collection,
    ) -> Loop:
        return Loop(
            consumer=consumer,
            options=self._options,
            committer=committer,
            publishing=publishing,
            accounts=accounts,
            rules_of=built_rules(self._settings).get,
            collection=collection,
            topics=self._settings.topics,
            metrics=self._metrics,
            failed=self._fail,
        )


class TopicsUnfit(Exception):  # noqa: N818 - it says what they are
    """Topics are missing or not as the relay needs them, or a right is; the message names each and the fix."""


class BodyNotStored(Exception):  # noqa: N818 - it says what happened
    """The process ends while it holds reports that are nowhere else."""


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


def exit_now(code: int) -> None:
    """End the process without waiting for anything."""
    os._exit(code)
