"""One account's lookups: queued, paced, gated; each ends in one item for the slot that asked, if it still waits."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import structlog

from relay.core.items import Answered, Item, Unanswered
from relay.core.model import Lookup
from relay.core.schedule import Urgency
from relay.lookups.door import Door
from relay.lookups.gate import Gate
from relay.lookups.http import Http, HttpFailure, HttpRequest, HttpResponse
from relay.lookups.pacing import NEWCOMER_SECONDS, Pace
from relay.lookups.reading import SUCCESSES, Garbled, Sense, sense_of
from relay.lookups.tickets import Asker, Ticket, Tickets
from relay.observe.lines import Line
from relay.observe.metrics import Metrics
from relay.observe.tracing import OFF, Tracing

LATE_SECONDS = 0.01  # timers of a loop may be a little early

log = structlog.get_logger("relay.lookups")

ToRequest = Callable[[Lookup], HttpRequest]
Interpret = Callable[[HttpResponse, Lookup, datetime], Answered]


class AccountLookups:
    """Asks one account's provider. It never raises: every lookup ends in `Answered` or `Unanswered`."""

    def __init__(
        self,
        account: str,
        *,
        http: Http,
        pace: Pace,
        to_request: ToRequest,
        interpret: Interpret,
        metrics: Metrics,
        tracing: Tracing = OFF,
    ) -> None:
        self.account = account
        self.gate = Gate()
        self.door = Door(account, http=http, gate=self.gate, metrics=metrics)
        self._pace = pace
        self._to_request = to_request
        self._interpret = interpret
        self._traced = tracing.looked_up
        self._debugs = log.is_enabled_for(logging.DEBUG)
        self._count = metrics.lookups.of(account).add
        self._tickets = Tickets()
        self._running: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._error: BaseException | None = None

    def ask(self, asker: Asker, key: bytes, *, due: float, urgency: Urgency) -> Ticket:
        """Queue a lookup; its asker gets one item in the end, unless it cancels the ticket."""
        ticket = Ticket(asker, key, due, urgency)
        self._tickets.put(ticket)
        self._changed.set()
        return ticket

    def share(self, part: float) -> None:
        """Use this part (0..1) of the account's limits."""
        self._pace.share(part, time.monotonic())
        self._changed.set()
        asyncio.get_running_loop().call_later(NEWCOMER_SECONDS + LATE_SECONDS, self._changed.set)

    @property
    def in_flight(self) -> int:
        """How many requests the provider has, those that nobody waits for any more among them."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many lookups are queued."""
        return len(self._tickets)

    @property
    def oldest_due(self) -> float | None:
        """Since when the first queued lookup is due, in epoch seconds."""
        return self._tickets.oldest_due

    async def run(self) -> None:
        """Start lookups as the limits allow, for ever."""
        while self._error is None:
            if not self._may_start():
                self._changed.clear()
                await self._changed.wait()
                continue
            if not self.gate.passes(time.monotonic()):
                self._tickets.turn_away(self.door)
                continue
            await self._pace.turn()
            if self._may_start() and self.gate.passes(time.monotonic()):
                self._start(self._tickets.take())
        raise self._error

    async def _next(self) -> Ticket | None:
        """Take what may begin at once in the place of one that ended; where nothing may, `run` waits until it does."""
        now = time.monotonic()
        if not (self._tickets.any() and self.gate.passes(now) and self.in_flight <= self._limit(now)):
            return None
        if not self._pace.is_free:
            return None
        await self._pace.turn()
        return self._tickets.take()

    def _may_start(self) -> bool:
        if not self._tickets.any():
            return False
        if not self.gate.passes(time.monotonic()):
            return True
        return self.in_flight < self._limit(time.monotonic())

    def _limit(self, now: float) -> int:
        limit = self._pace.in_flight_limit(now)
        return min(limit, 1) if self.gate.probing else limit

    def _start(self, ticket: Ticket) -> None:
        task = asyncio.create_task(self._work(ticket))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._error = error

    async def _work(self, ticket: Ticket | None) -> None:
        """Look one up after the other, as long as the limits let the next begin at once: a task is dear."""
        while ticket is not None:
            lookup = ticket.asker.lookup(ticket.key)
            if lookup is None:
                ticket.asker.answer(ticket.key, Unanswered(asked=False))
            else:
                ticket.running = True
                await self._look_up(ticket, lookup)
            ticket = await self._next()

    async def _look_up(self, ticket: Ticket, lookup: Lookup) -> None:
        began = time.monotonic()
        try:
            item, outcome, status = await self._asked(lookup)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # without an item, nobody would ask again; a panic is no Exception
            log.exception(
                Line.LOOKUP_FAILED,
                account=self.account,
                message_id=lookup.message_id,
                extra_id=lookup.extra_id,
                why="unexpected",
                error=type(error).__name__,
            )
            item, status = Unanswered(asked=True), None
            outcome = "unexpected"  # "failed" is what a provider says of a message
        seconds = time.monotonic() - began
        if self._debugs:  # else not even the call, at each lookup
            log.debug(
                Line.LOOKUP_ENDED,
                account=self.account,
                message_id=lookup.message_id,
                extra_id=lookup.extra_id,
                outcome=outcome,
                status=status,
            )
        self._count(outcome, seconds)
        if not ticket.cancelled:
            ticket.asker.answer(ticket.key, item)
        if self._traced is not None:
            self._traced(lookup, seconds, outcome, status)

    async def _asked(self, lookup: Lookup) -> tuple[Item, str, int | None]:
        """Return what it ended in, the word with which that is counted, and the HTTP status if there was one."""
        try:
            response = await self.door.get(self._to_request(lookup), partial(self._tell_failed, lookup))
        except HttpFailure as failure:
            return self.door.failed(), failure.kind.value, None
        if response.status not in SUCCESSES and (nothing := self.door.unanswered(response)) is not None:
            return nothing, outcome_of(response), response.status
        return *self._read(response, lookup), response.status

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

    async def close(self) -> None:
        """Give up what runs, and close the connections."""
        for task in self._running:
            task.cancel()
        await self.door.close()


def outcome_of(response: HttpResponse) -> str:
    """Return the word with which an answer that can't be read is counted."""
    sense = sense_of(response.status)
    if sense is Sense.UNAVAILABLE:
        return "server_error" if response.retry_after is None else "throttled"
    return sense.value
