"""Carries intents out: the provider is asked, and what it says is kept in the raw topic before anybody reads it.

A drain belongs to the process, not to the slot: even after the slot has moved, a body that was read is stored.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from relay.clock import Clock
from relay.core.collecting import Intent, NoAnswer, Unasked
from relay.kafka.writing import Writer
from relay.lookups.collected import CollectedAccount
from relay.lookups.http import HttpFailure, HttpResponse
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.observe.tracing import OFF, Tracing
from relay.slot.raw import StoredResponse, raw_records

ASK_WITHIN_SECONDS = 3.0  # of deciding: a process that was frozen longer may have been replaced, and must not ask
KEEP_SECONDS = 2.0  # what storing a body usually takes at most; who takes over waits for it

log = structlog.get_logger("relay.slot")
Ended = Callable[[NoAnswer | Unasked], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """An intent that was committed, by whom it is carried out, and when (monotonic) it was decided."""

    intent: Intent
    source: CollectedAccount
    partition: int
    decided: float
    ended: Ended = field(repr=False)


class Drains:
    """The drains of a process that are under way; `delayed`: Kafka doesn't take what was read, so no more may start."""

    def __init__(self, writer: Writer, topic: str, metrics: Metrics, clock: Clock, tracing: Tracing = OFF) -> None:
        self.held: dict[str, str] = {}  # drains whose body was read and is not stored: account by drain id
        self.delayed = False
        self._writer = writer
        self._topic = topic
        self._metrics = metrics
        self._clock = clock
        self._traced = tracing.drained
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, drain: Drain) -> None:
        """Ask, and keep the answer; `ended` hears only of drains that bring none."""
        drain_id = drain.intent.drain_id
        task = asyncio.create_task(self._carry_out(drain))
        self._tasks[drain_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(drain_id, None))

    async def ended(self, drain_id: str) -> None:
        """Wait until a drain is not under way (any more) in this process."""
        if (task := self._tasks.get(drain_id)) is not None:
            await asyncio.wait([task])

    async def finish(self) -> None:
        """Wait until all that was asked is stored."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _carry_out(self, drain: Drain) -> None:
        drain_id, account = drain.intent.drain_id, drain.source.account
        if time.monotonic() - drain.decided > ASK_WITHIN_SECONDS or self._late_by_the_clock(drain.intent):
            log.warning(Line.DRAIN_WITHDRAWN, account=account, drain_id=drain_id)
            self._metrics.drains.labels(account, "withdrawn").inc()
            drain.ended(Unasked(drain_id=drain_id))
            return
        asked_at, cut = self._clock(), None
        try:
            response = await self._ask(drain)
        except HttpFailure as failure:
            if failure.received is None or not failure.received.body:
                self._metrics.drains.labels(account, failure.kind.value).inc()
                self._trace(drain, asked_at, failure.kind.value)
                drain.ended(NoAnswer(drain_id=drain_id, why=failure.kind.value))
                return
            response, cut = failure.received, failure.kind.value
        except Exception as error:  # without an end, the account would never be drained again
            log.exception(Line.DRAIN_FAILED, account=account, why="unexpected", error=type(error).__name__)
            self._trace(drain, asked_at, "failed")
            drain.ended(NoAnswer(drain_id=drain_id, why="failed"))
            return
        await self._keep(drain, response, asked_at, cut)

    def _late_by_the_clock(self, intent: Intent) -> bool:
        """Tell whether the clock says that time passed: a monotonic one stands still while a machine sleeps."""
        return (self._clock() - intent.intended_at).total_seconds() > ASK_WITHIN_SECONDS

    async def _ask(self, drain: Drain) -> HttpResponse:
        return await drain.source.drain(drain.intent)

    async def _keep(self, drain: Drain, response: HttpResponse, asked_at: datetime, cut: str | None) -> None:
        """Store an answer, also one that broke off: the reports before that place are nowhere else."""
        drain_id, account = drain.intent.drain_id, drain.source.account
        stored = StoredResponse(
            response_id=drain_id,
            account=account,
            status=response.status,
            url=drain.source.url(drain.intent),
            content_type=response.content_type,
            retry_after=response.retry_after,
            asked_at=asked_at,
            answered_at=self._clock(),
            body=response.body,
            cut=cut,
            traceparent=self._trace(drain, asked_at, cut or "stored", response.status),
        )
        self.held[drain_id] = account
        self._metrics.bodies_held.set(len(self.held))
        await self._append(stored, drain.partition)
        del self.held[drain_id]
        self._metrics.bodies_held.set(len(self.held))
        self.delayed = self.delayed and bool(self.held)

    def _trace(self, drain: Drain, asked_at: datetime, outcome: str, status: int | None = None) -> str | None:
        if self._traced is None:
            return None
        account, drain_id = drain.source.account, drain.intent.drain_id
        try:
            return self._traced(account, drain_id, asked_at, outcome, status)
        except Exception as error:  # a span is not worth a body that was read and must be stored
            log.exception(Line.DRAIN_FAILED, account=account, why="not traced", error=type(error).__name__)
            return None

    async def _append(self, stored: StoredResponse, partition: int) -> None:
        """Store a response, however long that takes; a part at a time, so that one large body is no larger request."""
        for record in raw_records(stored, self._topic, partition):
            await self._writer.write([record], partial(self._delayed, stored))

    def _delayed(self, stored: StoredResponse, topic: str, error: Exception) -> None:
        self.delayed = True
        log.error(
            Line.DRAIN_DELAYED,
            account=stored.account,
            drain_id=stored.response_id,
            topic=topic,
            why=type(error).__name__,
            detail=str(error),
        )

    def abandon(self) -> bool:
        """Give up what is under way, naming it; return whether Kafka did not take something that was read."""
        for drain_id, task in self._tasks.items():
            why = "Kafka does not take the answer" if drain_id in self.held else "no answer yet"
            fix = "whoever takes over looks its reports up in the provider's log"
            log.error(Line.DRAIN_ABANDONED, account=self.held.get(drain_id), drain_id=drain_id, why=why, fix=fix)
            task.cancel()
        return bool(self.held)
