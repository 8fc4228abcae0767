"""Who owns what: follows the group's rebalances, acquires slots in the background, releases them between turns."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from relay.configuration import TopicSettings
from relay.lasting import failure_of
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.slot.codec import UnreadableInternal
from relay.slot.fencing import Member, member_of
from relay.slot.places import places
from relay.slot.restore import restore
from relay.slot.slot import Slot

FAILED_WAIT_SECONDS = 1.0

log = structlog.get_logger("relay.slot")


class Ownership(ConsumerRebalanceListener):
    """The slots of this process; `turn` is held by the loop while it decides and commits."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        options: Mapping[str, Any],
        *,
        topics: TopicSettings,
        new_slot: Callable[[int, Member], Slot],
        check: Callable[[Slot], None],
        arm: Callable[[Slot], Awaitable[None]],
        changed: Callable[[int], None],
        failed: Callable[[BaseException], None],
        metrics: Metrics,
    ) -> None:
        self.slots: dict[int, Slot] = {}
        self.turn = asyncio.Lock()
        self.acquiring_since: float | None = None
        self.joined = False
        self.released = 0  # how often slots were let go of
        self._consumer = consumer
        self._options = options
        self._topics = topics
        self._new_slot = new_slot
        self._check = check
        self._arm = arm
        self._changed = changed
        self._failed = failed
        self._metrics = metrics
        self._assigned: list[TopicPartition] = []
        self._acquiring: asyncio.Task[None] | None = None

    def ready(self) -> bool:
        """Tell whether every assigned partition is restored."""
        return all(slot.ready for slot in self.slots.values())

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note the membership and start acquiring; returns at once, since no heartbeats are sent meanwhile."""
        self._assigned = list(assigned)
        if self._assigned:
            self._consumer.pause(*self._assigned)  # first: records are being delivered already
        log.info(Line.SLOTS_ASSIGNED, partitions=sorted({tp.partition for tp in self._assigned}))
        self.joined = True
        try:
            await self.acquire(member_of(self._consumer))
        except Exception as error:
            self._failed(error)  # aiokafka would only log it, and go on without slots
            raise

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Wait for the running turn, then let go of everything: the group revokes all at each rebalance."""
        partitions = sorted({tp.partition for tp in revoked})
        async with self.turn:
            self._release()
            self._assigned = []
        if partitions:
            log.info(Line.SLOTS_REVOKED, partitions=partitions)

    async def acquire(self, member: Member) -> None:
        """(Re)acquire all assigned slots in the background; to be called within a turn, or by the rebalance."""
        self._release()
        partitions = sorted(tp.partition for tp in self._assigned if tp.topic == self._topics.inbox)
        if partitions != sorted(tp.partition for tp in self._assigned if tp.topic == self._topics.raw):
            why = "inbox and raw topic are not assigned alike: waiting for the group; stop replicas of other releases"
            log.error(Line.SLOTS_FAILED, error="NotTogether", detail=why, partitions=partitions)
            partitions, self.joined = [], False
        self.slots = {partition: self._new_slot(partition, member) for partition in partitions}
        self._changed(len(self.slots))
        if self.slots:
            self.acquiring_since = time.monotonic()
            self._acquiring = asyncio.create_task(self._acquire(self.slots, list(self._assigned)))
            self._acquiring.add_done_callback(self._acquired)

    def _acquired(self, task: "asyncio.Task[None]") -> None:
        """End the process on a state that can't be read, or a bug: going on could publish again."""
        if (error := failure_of(task)) is not None:
            self._failed(error)

    def stop_acquiring(self) -> None:
        """Call off what is being acquired, before the consumer is stopped under it."""
        if self._acquiring is not None:
            self._acquiring.cancel()

    def _release(self) -> None:
        self.stop_acquiring()
        self.acquiring_since = None
        for slot in self.slots.values():
            slot.close()
        self.slots = {}
        self.released += 1
        self._changed(0)

    async def _acquire(self, slots: dict[int, Slot], assigned: list[TopicPartition]) -> None:
        while self.slots is slots:
            try:
                self._consumer.pause(*assigned)
                await self._acquire_once(slots, assigned)
            except UnreadableInternal:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, a slot that isn't acquired must be tried again
                log.warning(Line.SLOTS_FAILED, error=type(error).__name__, detail=str(error), partitions=sorted(slots))
                await asyncio.sleep(FAILED_WAIT_SECONDS)
            else:
                break
        for slot in slots.values():
            await self._arm(slot)

    async def _acquire_once(self, slots: dict[int, Slot], assigned: list[TopicPartition]) -> None:
        began = time.monotonic()
        offsets, hanging = await places(self._consumer, assigned)
        while True:
            for slot in slots.values():
                slot.clear()
            records = await restore(slots, self._options, self._topics.state)
            again, hanging = await places(self._consumer, assigned, hanging=hanging)
            if again == offsets:
                break
            offsets = again
        if self.slots is not slots:
            return
        for slot in slots.values():
            self._check(slot)
        for tp in assigned:
            self._begin(slots[tp.partition], tp, max(offsets[tp], 0))
        for slot in slots.values():
            slot.ready = True
            slot.take_over()
        self._consumer.resume(*assigned)
        self.acquiring_since = None
        seconds = time.monotonic() - began
        self._metrics.restore_seconds.observe(seconds)
        log.info(Line.SLOTS_RESTORED, partitions=sorted(slots), records=records, seconds=round(seconds, 3))

    def _begin(self, slot: Slot, tp: TopicPartition, offset: int) -> None:
        """Go on where the last transaction of the partition's owner ended."""
        self._consumer.seek(tp, offset)
        if tp.topic == self._topics.inbox:
            slot.next_offset = slot.mailbox.next_fetched = offset
        else:
            slot.next_raw = offset
            slot.answers.begin(offset)
