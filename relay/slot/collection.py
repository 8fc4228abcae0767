"""The accounts of a process whose reports are collected: gives each slot what it needs of those that live in it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial

from relay.core.rules import Collecting
from relay.kafka.partitions import partition_of
from relay.lookups.collected import CollectedAccount
from relay.observe.metrics import Metrics
from relay.slot.answers import Answers
from relay.slot.collector import Collector
from relay.slot.drains import Drains
from relay.slot.homes import check_homes
from relay.slot.keys import account_shard_key
from relay.slot.slot import Slot
from relay.slot.understanding import Letters


class Collection:
    """Knows the sources by account, and in which of so many partitions each lives.

    `is_read` tells whether all that a partition of the raw topic holds now was received.
    """

    def __init__(
        self,
        sources: Mapping[str, tuple[CollectedAccount, Collecting]],
        drains: Drains,
        *,
        partitions: int,
        is_read: Callable[[int], Awaitable[bool]],
        failed: Callable[[BaseException], None],
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self.drains = drains
        self._sources = sources
        self._is_read = is_read
        self._failed = failed
        self._metrics = metrics
        self._clock = clock
        self.check_homes = partial(check_homes, collected=frozenset(sources), partitions=partitions)
        self._homes = {name: partition_of(account_shard_key(name), partitions) for name in sources}

    def answers(self, letter: Letters, wake: Callable[[], None]) -> Answers:
        """Return what gathers a slot's raw records."""
        return Answers(lambda account: self._sources[account][0] if account in self._sources else None, letter, wake)

    def move_in(self, slot: Slot) -> None:
        """Give a slot the collectors of its accounts."""
        for name, (source, rules) in self._sources.items():
            if self._homes[name] == slot.partition:
                slot.collectors[name] = Collector(
                    source,
                    rules,
                    self.drains,
                    partition=slot.partition,
                    tell=partial(slot.tell, name),
                    found=partial(slot.found, name),
                    caught_up=partial(self._caught_up, slot),
                    failed=self._failed,
                    metrics=self._metrics,
                    clock=self._clock,
                )

    async def _caught_up(self, slot: Slot, drain_id: str) -> bool:
        """Tell whether all that is in the raw topic now was received, and the drain's answer isn't among it."""
        return await self._is_read(slot.partition) and not slot.answers.holds(drain_id)
