"""When an account whose reports are handed out only once is drained, and how its gaps are closed.

It lives in the slot that owns the account. What must survive is in the account's state; what is wanted here is wanted
again after a restart, because the messages and requests that want it are stored.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta

import structlog
from aiokafka.errors import KafkaError

from relay.core.collecting import (
    WHATEVER_IS_UNREAD,
    AccountItem,
    AccountState,
    Gap,
    Intent,
    NoAnswer,
    Wish,
    fulfils,
    overlap,
)
from relay.core.items import Unanswered
from relay.core.model import Report
from relay.core.rules import Collecting
from relay.lookups.collected import CollectedAccount
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.slot.drains import ASK_WITHIN_SECONDS, KEEP_SECONDS, Drain, Drains
from relay.slot.reconciling import Reconciling, background

FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS, FAILURES_COUNTED = 0.5, 60.0, 10
RETRY_SECONDS = 1.0

log = structlog.get_logger("relay.slot")


class Collector:
    """One account in its slot. `pending`: its messages that wait for their outcome."""

    def __init__(
        self,
        source: CollectedAccount,
        rules: Collecting,
        drains: Drains,
        *,
        partition: int,
        tell: Callable[[AccountItem], None],
        found: Callable[[Report, Gap], None],
        caught_up: Callable[[str], Awaitable[bool]],
        failed: Callable[[BaseException], None],
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self.account = source.account
        self.pending = 0
        self.wishes: dict[bytes, Wish] = {}
        self._unsettled: dict[bytes, Wish] = {}
        self._source = source
        self._rules = rules
        self._drains = drains
        self._partition = partition
        self._tell = tell
        self._caught_up = caught_up
        self._metrics = metrics
        self._clock = clock
        self._drained = time.monotonic() - rules.drain_seconds  # when whatever is unread was asked for last
        self._not_before = 0.0
        self._failures = 0
        self._closed = False
        self._process_failed = failed
        self._waiting: asyncio.Task[None] | None = None
        self._reconciling = Reconciling(source, tell=tell, found=found, failed=failed, metrics=metrics, clock=clock)

    # When to drain

    def next_at(self, state: AccountState, monotonic: float) -> float | None:
        """Return the monotonic instant at which a drain may start; None if none is wanted, or one is under way."""
        if state.intent is not None or self._drains.delayed or self._closed:
            return None
        if self.wishes:
            due = monotonic
        elif self.pending:
            due = max(monotonic, self._drained + self._rules.drain_seconds)
        else:
            return None
        return max(due, self._not_before, self._source.opens_at(monotonic))

    def wanted(self, state: AccountState, monotonic: float) -> Wish | None:
        """Return what to drain now, None for nothing: what was asked for, unless what is pending waits too long."""
        at = self.next_at(state, monotonic)
        if at is None or at > monotonic:
            return None
        if self.wishes and not (self.pending and monotonic >= self._drained + 2 * self._rules.drain_seconds):
            return next(iter(self.wishes.values()))
        return Wish(wished_at=self._clock())

    def limit(self, wish: Wish) -> int:
        """Return how many reports to ask for at once."""
        return wish.limit or self._rules.limit

    def wish(self, key: bytes, wish: Wish) -> None:
        """Want a drain for what the key names; of several for one key the newest counts, in the place of the first."""
        self.wishes[key] = wish

    def begin(self, intent: Intent, decided: float) -> None:
        """Carry out an intent that was committed; it was decided at that monotonic instant."""
        if intent.filter == WHATEVER_IS_UNREAD:
            self._drained = decided
        self._drains.begin(
            Drain(intent=intent, source=self._source, partition=self._partition, decided=decided, ended=self._tell)
        )

    # What came of it

    def fulfilled(self, drained: Intent) -> dict[bytes, Wish]:
        """Take out the wishes that a drain to its end fulfils."""
        self._failures, self._not_before = 0, 0.0
        self._reconciling.drained()
        return {key: self.wishes.pop(key) for key, wish in list(self.wishes.items()) if fulfils(drained, wish)}

    def settle(self, drained: Intent, fulfilled: Mapping[bytes, Wish], gaps: Iterable[Gap]) -> list[bytes]:
        """Take wishes whose drain is decided whole; return those that are settled by it.

        Lookups that only a drain can answer hear of it now, not before its last report.
        Where an open gap may have swallowed the report that was wanted, nothing is settled before the gap is closed.
        """
        if drained.filter == WHATEVER_IS_UNREAD:
            self._source.log.drained(drained.intended_at.timestamp(), Unanswered(asked=True))
        self._unsettled.update(fulfilled)
        return self.settled(gaps)

    def settled(self, gaps: Iterable[Gap]) -> list[bytes]:
        """Take out the fulfilled wishes that no gap concerns (any more); one that was wished anew is not settled."""
        filters = [gap.filter for gap in gaps] if self._source.log.there else []  # nothing would ever close them
        keys = [key for key, wish in self._unsettled.items() if not any(overlap(gap, wish.filter) for gap in filters)]
        for key in keys:
            del self._unsettled[key]
        return [key for key in keys if key not in self.wishes]

    def failed(self, drained: Intent | None, monotonic: float, unanswered: Unanswered | None = None) -> list[bytes]:
        """Wait before the next drain, longer each time; return the wishes that this one was for.

        They go to the end of the queue: one that always fails must not keep the others waiting. A drain that was not
        carried out brings no `unanswered`.
        """
        self._not_before = monotonic + min(FIRST_BACK_OFF_SECONDS * 2**self._failures, LONGEST_BACK_OFF_SECONDS)
        self._failures = min(self._failures + 1, FAILURES_COUNTED)
        if drained is None:
            return []
        if unanswered is None:
            self._drained -= self._rules.drain_seconds
        elif drained.filter == WHATEVER_IS_UNREAD:
            self._source.log.drained(drained.intended_at.timestamp(), unanswered)
        keys = [key for key, wish in self.wishes.items() if fulfils(drained, wish)]
        for key in keys:
            self.wishes[key] = self.wishes.pop(key)
        return keys

    def applied(self, state: AccountState) -> None:
        """See to what the account's state says after a turn."""
        self._metrics.gaps_open.labels(self.account).set(len(state.gaps))
        self._reconciling.see_to(state.gaps)

    # Taking over

    def take_over(self, state: AccountState) -> None:
        """Wait until an earlier owner's drain can't bring anything any more, then count it as a gap unless it did."""
        self.applied(state)
        if state.intent is not None:
            self._waiting = background(self._account_for(state.intent), self._process_failed)

    async def _account_for(self, intent: Intent) -> None:
        longest = timedelta(seconds=ASK_WITHIN_SECONDS + self._rules.timeout_seconds + KEEP_SECONDS)
        over_at = intent.intended_at + longest
        wait = min(over_at - self._clock(), longest)  # an earlier owner's clock may be ahead of ours
        await asyncio.sleep(max(wait.total_seconds(), 0.0))
        await self._drains.ended(intent.drain_id)
        while True:
            try:
                if await self._caught_up(intent.drain_id):
                    self._tell(NoAnswer(drain_id=intent.drain_id, why="interrupted"))
                    return
            except KafkaError as error:
                log.warning(Line.KAFKA_AWAITED, what="the end of the raw topic", why=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    def close(self) -> None:
        """Let go of the account; a drain that is under way belongs to the process, which stores what it brings."""
        self._closed = True
        self._metrics.gaps_open.labels(self.account).set(0)
        self.wishes.clear()
        self._unsettled.clear()
        self.pending = 0
        self._reconciling.close()
        if self._waiting is not None:
            self._waiting.cancel()
