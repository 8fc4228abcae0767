"""One account's lookups: queued new requests first, paced, gated; each ends in one item for the slot that asked."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Protocol

import structlog

from relay.core.model import Answered, Item, Lookup, Unanswered
from relay.lookups.door import SPREAD_SECONDS, TOO_MANY_REQUESTS, Door
from relay.lookups.gate import Closed, Gate
from relay.lookups.http import Http, HttpFailure, HttpRequest, HttpResponse
from relay.lookups.pacing import Pace
from relay.lookups.reading import Garbled, Sense, sense_of
from relay.observe.lines import Line
from relay.observe.metrics import Metrics

log = structlog.get_logger("relay.lookups")

ToRequest = Callable[[Lookup], HttpRequest]
Interpret = Callable[[HttpResponse, Lookup, datetime], Answered]


class Asker(Protocol):
    """Who asks: a slot. It is asked for the question only when its turn has come, so that waiting costs little."""

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question as it stands now; None if there is none any more."""
        ...

    def answer(self, key: bytes, item: Item) -> None:
        """Take the item that the lookup ended in."""
        ...


@dataclass(slots=True, eq=False)
class Ticket:
    """A lookup on its way: waiting in the queue since it was due (epoch seconds), or running as a task."""

    asker: Asker
    key: bytes
    due: float
    urgent: bool
    cancelled: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def may_hurry(self) -> bool:
        """Tell whether it waits behind new requests."""
        return not self.urgent and self.task is None

    def cancel(self) -> None:
        """Forget it: nobody waits for the answer any more."""
        self.cancelled = True
        if self.task is not None:
            self.task.cancel()


class AccountLookups:
    """Asks one account's provider. It never raises: every lookup ends in `Answered` or `Unanswered`."""

    def __init__(
        self, account: str, *, http: Http, pace: Pace, to_request: ToRequest, interpret: Interpret, metrics: Metrics
    ) -> None:
        self.account = account
        self.gate = Gate()
        self.door = Door(account, http=http, gate=self.gate, metrics=metrics)
        self.in_flight = 0
        self._pace = pace
        self._to_request = to_request
        self._interpret = interpret
        self._count = cache(partial(metrics.lookups.labels, account))
        self._seconds = metrics.lookup_seconds.labels(account)
        self._urgent: deque[Ticket] = deque()
        self._polls: deque[Ticket] = deque()
        self._changed = asyncio.Event()

    def ask(self, asker: Asker, key: bytes, *, due: float, urgent: bool) -> Ticket:
        """Queue a lookup; its asker gets one item in the end, unless it cancels the ticket."""
        ticket = Ticket(asker, key, due, urgent)
        (self._urgent if urgent else self._polls).append(ticket)
        self._changed.set()
        return ticket

    def share(self, part: float) -> None:
        """Use this part (0..1) of the account's limits."""
        self._pace.share(part)
        self._changed.set()

    @property
    def waiting(self) -> int:
        """How many lookups are queued."""
        return len(self._urgent) + len(self._polls)

    @property
    def oldest_due(self) -> float | None:
        """Since when the first queued lookup is due, in epoch seconds."""
        return min((queue[0].due for queue in (self._urgent, self._polls) if queue), default=None)

    async def run(self) -> None:
        """Start lookups as the limits allow, for ever."""
        while True:
            if not self._may_start():
                self._changed.clear()
                await self._changed.wait()
                continue
            if not self.gate.passes(time.monotonic()):
                self._turn_away()
                continue
            await self._pace.turn()
            if self._may_start() and self.gate.passes(time.monotonic()):
                self._start((self._urgent or self._polls).popleft())

    def _may_start(self) -> bool:
        for queue in (self._urgent, self._polls):
            while queue and queue[0].cancelled:
                queue.popleft()
        limit = 1 if self.gate.probing else self._pace.in_flight_limit
        if not self.gate.passes(time.monotonic()):
            return self.waiting > 0
        return self.waiting > 0 and self.in_flight < min(limit, self._pace.in_flight_limit)

    def _turn_away(self) -> None:
        """Answer everything queued with "not now": timers bring it back when the account may be asked again."""
        wait = max(0.0, self.gate.until - time.monotonic())
        again = datetime.now(UTC) + timedelta(seconds=wait)
        held = self.gate.closed is Closed.REFUSED
        for queue in (self._urgent, self._polls):
            while queue:
                ticket = queue.popleft()
                if not ticket.cancelled:
                    spread = timedelta(seconds=random.random() * SPREAD_SECONDS)  # noqa: S311 - no secret
                    ticket.asker.answer(ticket.key, Unanswered(asked=False, held=held, not_before=again + spread))

    def _start(self, ticket: Ticket) -> None:
        lookup = ticket.asker.lookup(ticket.key)
        if lookup is None:
            ticket.asker.answer(ticket.key, Unanswered(asked=False))
            return
        self.in_flight += 1
        ticket.task = asyncio.create_task(self._look_up(ticket, lookup))
        ticket.task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.in_flight -= 1
        self._changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(Line.LOOKUP_FAILED, account=self.account, error=type(error).__name__, exc_info=error)

    async def _look_up(self, ticket: Ticket, lookup: Lookup) -> None:
        began = time.monotonic()
        try:
            item, outcome = await self._asked(lookup)
        except Exception as error:  # without an item, the message would never be asked about again
            log.exception(Line.LOOKUP_FAILED, account=self.account, why="unexpected", error=type(error).__name__)
            item, outcome = Unanswered(asked=True), "failed"
        self._count(outcome).inc()
        self._seconds.observe(time.monotonic() - began)
        if not ticket.cancelled:
            ticket.asker.answer(ticket.key, item)

    async def _asked(self, lookup: Lookup) -> tuple[Item, str]:
        try:
            response = await self.door.get(self._to_request(lookup), partial(self._tell_failed, lookup))
        except HttpFailure as failure:
            return Unanswered(asked=True, not_before=self._again()), failure.kind.value
        match sense_of(response.status):
            case Sense.READ:
                return self._read(response, lookup)
            case Sense.REFUSED:
                return Unanswered(asked=True, held=True, not_before=self._again()), "refused"
            case Sense.UNAVAILABLE if response.retry_after is None:
                return Unanswered(asked=True, not_before=self._again()), "server_error"
            case _:  # one that is turned away hasn't been asked
                return Unanswered(asked=response.status != TOO_MANY_REQUESTS, not_before=self._again()), "throttled"

    def _read(self, response: HttpResponse, lookup: Lookup) -> tuple[Item, str]:
        try:
            answer = self._interpret(response, lookup, datetime.now(UTC))
        except Garbled as error:
            self._tell_failed(lookup, "garbled", response.status, detail=str(error))
            return Unanswered(asked=True), "garbled"
        if answer.report is None:
            return answer, "pending" if answer.found else "not_found"
        return answer, answer.report.outcome.value

    def _tell_failed(self, lookup: Lookup, why: str, status: int | None, detail: str | None = None) -> None:
        log.warning(
            Line.LOOKUP_FAILED,
            account=self.account,
            message_id=lookup.message_id,
            extra_id=lookup.extra_id,
            why=why,
            status=status,
            detail=detail,
        )

    def _again(self) -> datetime | None:
        return self.door.again_at() if self.gate.closed else None

    async def close(self) -> None:
        """Close the connections; lookups must have been cancelled before."""
        await self.door.close()
