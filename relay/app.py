"""The composition root: builds a relay process from its settings, runs it, stops it in order."""

import asyncio
import os
import time
import uuid
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from faststream.kafka import KafkaBroker

from relay import __version__
from relay.account_rules import built_rules
from relay.accounts import Built, built_accounts
from relay.clock import utc_now
from relay.configuration import Settings
from relay.gauges import measure
from relay.ingest.accepting import accept_fetch_request, accept_message_sent
from relay.ingest.broker import ingest_broker
from relay.ingest.subscribers import Ingest
from relay.kafka.fit import fit_partitions
from relay.kafka.writing import Writer
from relay.lookups.accounts import Accounts
from relay.memory import stay_small
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.observe.rendering import masked
from relay.observe.tracing import Tracing
from relay.parts import STOP_SECONDS, Parts, called_off
from relay.pulse import Pulse
from relay.readiness import why_not_ready
from relay.slot.collection import Collection
from relay.slot.committer import Committer
from relay.slot.consumer import started_consumer
from relay.slot.drains import Drains
from relay.slot.loop import Loop
from relay.slot.publishing import Publishing
from relay.watchdog import Watched

log = structlog.get_logger("relay")


class Relay:
    """One process of the relay. `run` returns its exit code."""

    def __init__(self, settings: Settings, options: dict[str, Any], metrics: Metrics, tracing: Tracing) -> None:
        self._settings = settings
        self._tracing = tracing
        self._options = options
        self._metrics = metrics
        self._parts = Parts()
        self._loop: Loop | None = None
        self._ingest: Ingest | None = None
        self._drains: Drains | None = None
        self._pulse = Pulse()
        self.watched = Watched(self._pulse)

    # What others ask

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Say whether the process makes progress."""
        stuck = self.watched.stuck(time.monotonic())
        return stuck is None, {} if stuck is None else {"why": stuck}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Say whether every assigned partition is restored, else why not."""
        if self._parts.awaiting is not None or self._loop is None or self._drains is None:
            return False, {"why": self._parts.awaiting}
        why = why_not_ready(self._loop, self._ingest, self._drains, self.watched)
        return why is None, {"slots": len(self._loop.ownership.slots)} if why is None else why

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._parts.stop.set()

    # Running

    async def run(self) -> int:
        """Run until `stop`, or until an error that only a restart can mend; return the exit code."""
        async with self._parts.stack as stack:
            beating = asyncio.create_task(self._pulse.run())
            stack.push_async_callback(called_off, beating)
            starting = asyncio.create_task(self._start())
            await self._first(starting)
            if starting.done() and not starting.cancelled() and (error := starting.exception()) is not None:
                self._parts.error = self._parts.error or error
            if not starting.done():
                await called_off(starting)
            elif self._parts.error is None:
                await self._parts.stop.wait()
            self._parts.awaiting = "stopping"
            self._parts.stop_until = time.monotonic() + STOP_SECONDS
        if self._parts.error is not None:
            detail = masked(str(self._parts.error))
            log.error(Line.PROCESS_STOPPED, why=type(self._parts.error).__name__, detail=detail, exit_code=1)
            return 1
        log.info(Line.PROCESS_STOPPED, why="asked to stop", exit_code=0)
        return 0

    async def _first(self, starting: asyncio.Task[None]) -> None:
        stopping = asyncio.create_task(self._parts.stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await called_off(stopping)

    async def _start(self) -> None:
        log.info(Line.PROCESS_STARTED, version=__version__, configuration=self._settings.source or "defaults")
        self._parts.stop_at_end(self._tracing.close)
        partitions = await self._parts.until("topics", lambda: fit_partitions(self._options, self._settings))
        self._metrics.partitions.set(partitions)
        built = built_accounts(self._settings, partitions, self._metrics, self._pulse, self._tracing)
        accounts = built.accounts
        self._parts.stop_at_end(accounts.stop)
        committer = Committer(
            self._options,
            transactional_id=f"{self._settings.relay.group}:{uuid.uuid4()}",
            group=self._settings.relay.group,
        )
        self._parts.stop_at_end(committer.stop)
        await self._parts.until("the transaction coordinator", committer.start)
        publishing = Publishing(self._settings.topics, built.collected)
        publishing.partitions_are(await self._parts.until("topics", lambda: committer.partitions(publishing.needed)))
        group = self._settings.relay.group
        consumer = await self._parts.until("the slots' consumer group", lambda: started_consumer(self._options, group))
        collection = self._built_collection(built, partitions, consumer)
        self._parts.stop_at_end(consumer.stop)  # first: others take over while drains end here
        self._loop = loop = self._built_loop(consumer, committer, publishing, accounts, collection)
        for work in accounts.runs():
            self._parts.spawn(work)
        self._parts.spawn(loop.turn_for_ever())
        # Stopped before the turns are cancelled: half a turn's transaction would stay open for 10 s.
        self._parts.stop_at_end(loop.stop)
        self._parts.spawn(loop.intake.run())
        self._parts.spawn(measure(loop, accounts, self._metrics, self.watched, lambda: self.ready()[0]))
        self._parts.spawn(stay_small(lambda: loop.ownership.released))
        self._parts.spawn(self.watched.watch_consumer("slots", lambda: consumer, lambda: loop.awaits_kafka))
        probed = [TopicPartition(self._settings.topics.inbox, 0)]
        self._parts.spawn(self.watched.watch_kafka(lambda: consumer.end_offsets(probed)))
        consumer.subscribe([self._settings.topics.inbox, self._settings.topics.raw], listener=loop.ownership)
        await self._start_ingest(publishing)
        self._parts.awaiting = None

    async def _start_ingest(self, publishing: Publishing) -> None:
        inbox, letters = Writer(self._options), Writer(self._options, compression="zstd")
        self._parts.stop_at_end(inbox.stop)
        self._parts.stop_at_end(letters.stop)

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
                failed=self._parts.fail,
                tracing=self._tracing,
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
                self._parts.spawn(
                    self.watched.watch_consumer(
                        topic, partial(getattr, subscriber, "consumer"), partial(ingest.waiting.__contains__, topic)
                    ),
                )
            return broker

        broker = await self._parts.until("the input topics", begin)
        self._parts.stop_at_end(broker.stop)

    # Building

    def _built_collection(self, built: Built, partitions: int, consumer: AIOKafkaConsumer) -> Collection:
        raw = self._settings.topics.raw
        writer = Writer(self._options, compression="zstd")
        self._parts.stop_at_end(writer.stop)
        self._drains = drains = Drains(writer, raw, self._metrics, utc_now, self._tracing)
        self._parts.stack.push_async_callback(self._finish, drains)

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
            failed=self._parts.fail,
            metrics=self._metrics,
            clock=utc_now,
        )

    async def _finish(self, drains: Drains) -> None:
        """Let drains that are under way end; a body that Kafka does not take in time is worth a bad exit."""
        await self._parts.quietly(drains.finish)
        if drains.abandon():
            self._parts.error = self._parts.error or BodyNotStored(
                "Kafka did not take an answer that can't be asked for again"
            )

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
            failed=self._parts.fail,
            tracing=self._tracing,
        )


class BodyNotStored(Exception):  # noqa: N818 - it says what happened
    """The process ends while it holds reports that are nowhere else."""


def exit_now(code: int) -> None:
    """End the process without waiting for anything."""
    os._exit(code)
