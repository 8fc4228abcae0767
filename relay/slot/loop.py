"""The loop of a process: take what arrived, decide slot by slot, commit one transaction, only then act."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from relay.clock import Clock, utc_now
from relay.configuration import TopicSettings
from relay.lookups.accounts import Accounts
from relay.observe.lines import Line
from relay.observe.logs import written_together
from relay.observe.metrics import Metrics
from relay.observe.tracing import OFF, Tracing
from relay.slot.arming import arm_all, fire
from relay.slot.collection import Collection
from relay.slot.committer import CommitFailed, Committer
from relay.slot.deciding import apply_turn, decide_turn
from relay.slot.delayed import DelayedLetters
from relay.slot.fencing import Member
from relay.slot.intake import Intake
from relay.slot.narration import narrate
from relay.slot.ownership import Ownership
from relay.slot.publishing import Publishing
from relay.slot.resting import IDLE_SECONDS, awake, gathered, rest_of
from relay.slot.slot import RulesOf, Slot
from relay.slot.turn import Turn

ITEMS_PER_TURN = 500  # for each slot
RETRY_SECONDS = 1.0
PRODUCER_SECONDS = 30.0

log = structlog.get_logger("relay.slot")


class Loop:
    """Runs the slots of this process; `turning_since` is the monotonic time at which the running turn began."""

    def __init__(
        self,
        *,
        consumer: AIOKafkaConsumer,
        options: Mapping[str, Any],
        committer: Committer,
        publishing: Publishing,
        accounts: Accounts,
        rules_of: RulesOf,
        collection: Collection,
        topics: TopicSettings,
        metrics: Metrics,
        failed: Callable[[BaseException], None],
        clock: Clock = utc_now,
        tracing: Tracing = OFF,
    ) -> None:
        self._publishing_traced = tracing.publishing
        self._committer = committer
        self._publishing = publishing
        self._accounts = accounts
        self._rules_of = rules_of
        self._collection = collection
        self._inbox_topic, self._raw_topic = topics.inbox, topics.raw
        self._metrics = metrics
        self._clock = clock
        self._wake = asyncio.Event()
        self._stopping = False
        self.awaits_kafka = False
        self.letters = DelayedLetters(topics.dead_letters)
        self.turning_since: float | None = None
        self._turned_at = self._all_looked_at = 0.0
        self.ownership = Ownership(
            consumer,
            options,
            topics=topics,
            new_slot=self._new_slot,
            check=collection.check_homes,
            arm=partial(arm_all, clock=clock),
            changed=self._owned,
            failed=failed,
            metrics=metrics,
        )
        self.intake = self._intake_from(consumer)

    # What the parts need of each other

    def _intake_from(self, consumer: AIOKafkaConsumer) -> Intake:
        return Intake(
            consumer,
            self.ownership,
            self._publishing,
            self._rules_of,
            raw_topic=self._raw_topic,
            metrics=self._metrics,
            wake=self._wake.set,
            clock=self._clock,
        )

    def _new_slot(self, partition: int, member: Member) -> Slot:
        answers = self._collection.answers(self.intake.letter, self._wake.set)
        slot = Slot(partition, member, self._rules_of, self._accounts, self._wake.set, answers=answers)
        self._collection.move_in(slot)
        return slot

    def _owned(self, count: int) -> None:
        self._metrics.slots_owned.set(count)
        self._accounts.share(count)
        self._wake.set()

    # Turning

    async def turn_for_ever(self) -> None:
        """Run turns whenever there is something to decide; ends only when stopping."""
        while not self._stopping:
            await self._idle()
            await gathered(self._turned_at, self._awaited)
            async with self.ownership.turn:
                self.turning_since = time.monotonic()
                try:
                    await self.turn_once()
                except BaseException:
                    self._close_slots()  # what was taken is not decided: the last turn must not commit past it
                    raise
                self.turning_since = None
            self._turned_at = time.monotonic()
            self.intake.room.set()

    async def turn_once(self) -> None:
        """Decide and commit what the mailboxes hold. Call it within the turn lock."""
        now, monotonic = self._clock(), time.monotonic()
        everybody = self._stopping or monotonic >= self._all_looked_at + IDLE_SECONDS
        if everybody:
            self._all_looked_at = monotonic
        slots = awake(self.ownership.slots.values(), now.timestamp(), monotonic, everybody=everybody)
        turns = [turn for slot in slots if (turn := self._decide(slot, now, monotonic))]
        writing = [turn for turn in turns if turn.writes_something]
        if writing and not await self._commit(writing):
            return
        with written_together():
            for turn in turns:
                apply_turn(turn, now)
                narrate(turn, self._metrics)

    def _decide(self, slot: Slot, now: datetime, monotonic: float) -> Turn | None:
        if self._stopping:
            slot.stop_collecting()
        else:
            fire(slot, now)
        drains_at = slot.drains_at(monotonic)
        taken = slot.take(monotonic, ITEMS_PER_TURN)
        places = (taken.next_offset, slot.answers.next_offset)
        idle = not (taken.items or taken.letters or taken.chunks) and places == (slot.next_offset, slot.next_raw)
        if idle and (drains_at is None or drains_at > monotonic):
            return None
        return decide_turn(slot, taken, now, self._rules_of)

    async def _commit(self, turns: list[Turn]) -> bool:
        member = turns[0].slot.member
        began = time.monotonic()
        try:
            if any(turn.slot.member != member for turn in turns):
                raise CommitFailed("slots of two memberships")  # noqa: TRY301 - handled as any failed commit
            offsets = {TopicPartition(self._inbox_topic, turn.slot.partition): turn.next_offset for turn in turns}
            offsets |= {TopicPartition(self._raw_topic, turn.slot.partition): turn.next_raw for turn in turns}
            with self._publishing_traced(turns):
                await self._committer.commit(member, self._publishing.records(turns), offsets)
        except CommitFailed as error:
            log.warning(Line.TURN_FAILED, why=str(error), slots=len(turns), detail=str(error.__cause__ or ""))
            self._metrics.commit_failures.inc()
            self.letters.failed(turns, error)
            await self._start_over(member)
            return False
        self.letters.written(turns)
        seconds = time.monotonic() - began
        self._metrics.commit_seconds.observe(seconds)
        log.debug(
            Line.TURN_COMMITTED, slots=len(turns), events=sum(len(turn.events) for turn in turns), seconds=seconds
        )
        return True

    async def _start_over(self, member: Member) -> None:
        """After any error out of a transaction: a new producer, and every slot acquired anew."""
        self._close_slots()
        self.awaits_kafka = True
        while not self._stopping:
            try:
                async with asyncio.timeout(PRODUCER_SECONDS):
                    await self._committer.start()
            except Exception as error:  # noqa: BLE001 - without a producer nothing can be done but to try again
                log.warning(Line.KAFKA_AWAITED, what="a producer", why=type(error).__name__, detail=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.awaits_kafka = False
                log.info(Line.PRODUCER_REPLACED)
                await self.ownership.acquire(member)
                return

    def _close_slots(self) -> None:
        for slot in self.ownership.slots.values():
            slot.close()

    async def _idle(self) -> None:
        """Wait until something may be decided: a record, an answer, a timer, or the end of a request's grace."""
        seconds = IDLE_SECONDS
        now, monotonic = time.time(), time.monotonic()
        for slot in self.ownership.slots.values():
            if slot.ready:
                seconds = min(seconds, rest_of(slot, now, monotonic))
        if seconds > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                return

    def _awaited(self) -> bool:
        """Tell whether somebody waits for the next turn: a request, a drained answer, or the end."""
        return self._stopping or any(slot.mailbox or slot.answers.ripe for slot in self.ownership.slots.values())

    async def stop(self) -> None:
        """Stop taking work; what was answered already is committed, lookups under way are abandoned."""
        self._stopping = True
        self._wake.set()
        async with self.ownership.turn:
            await self.turn_once()
            self._close_slots()
            self.ownership.stop_acquiring()
