"""Looks into the log of a provider that hands reports out only once: it consumes nothing, and may be read again.

Messages are looked up by their ids, many with one request; a window of time is read for a gap. One request at a time,
within the log's own limit.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from relay.core.collecting import Filter
from relay.core.items import Answered, Item, Unanswered
from relay.core.model import Report
from relay.core.schedule import Urgency
from relay.lookups.door import Door
from relay.lookups.http import HttpFailure, HttpRequest, HttpResponse
from relay.lookups.pacing import limiter_of
from relay.lookups.pages import Page, ReadPage
from relay.lookups.reading import Garbled, is_success
from relay.lookups.tickets import Asker, Ticket, Tickets
from relay.observe.lines import Line
from relay.observe.metrics import Metrics

LOGS_PER_SECOND = 1.6  # of 120 a minute; the rest is for minutes in which the account moves, and a frozen owner wakes
LOG_LIMIT = 1000  # entries of one answer; the most that is allowed
NO_MESSAGE = timedelta(minutes=1)  # a request that names no message can't be looked up: its drain ends it
REACH = timedelta(hours=48) - timedelta(minutes=1)
BATCH_IDS, BATCH_LETTERS = 50, 2_000  # ids of one request, and how long they are together: servers bound a URL

log = structlog.get_logger("relay.lookups")


class ToLogRequest(Protocol):
    """Gives the request that reads the log: of messages, or of a window of the time of sending."""

    def __call__(
        self,
        *,
        message_ids: tuple[str, ...] = (),
        bulk_ids: tuple[str, ...] = (),
        sent_since_at: datetime | None = None,
        sent_until_at: datetime | None = None,
        limit: int | None = None,
    ) -> HttpRequest | None:
        """Return the request; None where the log is switched off."""
        ...


Asked = tuple[Ticket, str, datetime]


class LogLookups:
    """One account's lookups in the log; where there is none, they wait for the account's next drain."""

    def __init__(
        self,
        account: str,
        *,
        door: Door,
        rate_per_second: float,
        to_request: ToLogRequest,
        read_page: ReadPage,
        metrics: Metrics,
    ) -> None:
        self.in_flight = 0
        self.there = to_request() is not None
        self._account = account
        self.door = door
        self._limiter = limiter_of(min(rate_per_second, LOGS_PER_SECOND))
        self._to_request = to_request
        self._read_page = read_page
        self._metrics = metrics
        self._tickets = Tickets()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    def ask(self, asker: Asker, key: bytes, *, due: float, urgency: Urgency) -> Ticket:
        """Queue a lookup; its asker gets at least one item in the end, unless it cancels the ticket."""
        ticket = Ticket(asker, key, due, urgency)
        self._tickets.put(ticket)
        self._changed.set()
        return ticket

    def share(self, part: float) -> None:
        """Do nothing: the account lives in one slot, whose process may use its limits alone."""

    @property
    def waiting(self) -> int:
        """How many lookups are queued."""
        return len(self._tickets)

    @property
    def oldest_due(self) -> float | None:
        """Since when the first queued lookup is due, in epoch seconds."""
        return self._tickets.oldest_due

    async def run(self) -> None:
        """Look messages up as the limits allow, for ever."""
        while True:
            if not (self.there and self._tickets.any()):
                self._changed.clear()
                await self._changed.wait()
            elif not self.door.passes:
                self._tickets.turn_away(self.door)
            else:
                async with self._turn:
                    await self._limiter.acquire()
                    if self.door.passes:
                        await self._look_up(self._batch())

    async def window(self, wanted: Filter, since_at: datetime, until_at: datetime) -> Page | None:
        """Return what the log says of the messages sent in a window of time; None if it can't be had now."""
        bulk_id, message_id = wanted
        async with self._turn:
            await asyncio.sleep(self.door.closed_seconds)
            await self._limiter.acquire()
            answer = await self._asked(
                self._to_request(
                    message_ids=(message_id,) if message_id else (),
                    bulk_ids=(bulk_id,) if bulk_id else (),
                    sent_since_at=since_at,
                    sent_until_at=until_at,
                    limit=LOG_LIMIT,
                )
            )
        return answer if isinstance(answer, Page) else None

    def drained(self, began: float, unanswered: Unanswered) -> None:
        """Without a log only drains tell of messages: end the lookups that were due when one began (epoch seconds)."""
        for ticket in self._tickets.take_due(began) if not self.there else ():
            ticket.asker.answer(ticket.key, unanswered)

    def _batch(self) -> list[Asked]:
        batch: list[Asked] = []
        letters = 0
        while self._tickets.any() and len(batch) < BATCH_IDS and letters < BATCH_LETTERS:
            ticket = self._tickets.take()
            lookup = ticket.asker.lookup(ticket.key)
            if lookup is None or lookup.message_id is None:
                ticket.asker.answer(ticket.key, Unanswered(asked=False, not_before=datetime.now(UTC) + NO_MESSAGE))
            else:
                batch.append((ticket, lookup.message_id, lookup.anchor_at))
                letters += len(lookup.message_id)
        return batch

    async def _look_up(self, batch: list[Asked]) -> None:
        if not batch:
            return
        answer = await self._asked(
            self._to_request(message_ids=tuple(message_id for _, message_id, _ in batch), limit=LOG_LIMIT)
        )
        reports: dict[str | None, list[Report]] = defaultdict(list)
        for report in answer.reports if isinstance(answer, Page) else ():
            reports[report.message_id].append(report)
        for ticket, message_id, sent_at in batch:
            items = _answers(answer, reports[message_id], sent_at)
            for item in items:
                if not ticket.cancelled:
                    ticket.asker.answer(ticket.key, item)

    async def _asked(self, request: HttpRequest | None) -> Page | Unanswered:
        assert request is not None
        began = time.monotonic()
        self.in_flight += 1
        try:
            response = await self.door.get(request, self._tell_failed)
            answer = self.door.unanswered(response) or await self._read(response)
        except HttpFailure:
            answer = self.door.failed()
        finally:
            self.in_flight -= 1
        self._metrics.log_reads.labels(self._account, "read" if isinstance(answer, Page) else "failed").inc()
        self._metrics.lookups.of(self._account).took(time.monotonic() - began)
        return answer

    async def _read(self, response: HttpResponse) -> Page | Unanswered:
        """Read the page in a thread: a large one takes long."""
        if not is_success(response.status):
            self._tell_failed("refused", response.status)
            return Unanswered(asked=True)
        try:
            page = await asyncio.to_thread(self._read_page, response.body, response.content_type)
        except Garbled:
            page = None
        except Exception as error:  # what nobody can read must not end the process, and the next one after it
            log.exception(Line.LOG_FAILED, account=self._account, why="unexpected", error=type(error).__name__)
            return Unanswered(asked=True)
        if page is None or page.broken:
            self._tell_failed("garbled" if page is None else "broken", response.status)
            return Unanswered(asked=True)
        return page

    def _tell_failed(self, why: str, status: int | None, detail: str | None = None) -> None:
        log.warning(Line.LOG_FAILED, account=self._account, why=why, status=status, detail=detail)

    async def close(self) -> None:
        """Do nothing: the connections are those of the account's drains."""


def _answers(answer: Page | Unanswered, reports: Sequence[Report], sent_at: datetime) -> Sequence[Item]:
    """Return what the log says of a message; `reports`: those of the page that are about it.

    That it isn't in there says nothing where it may be what can't be read, or was sent too long ago.
    """
    if isinstance(answer, Unanswered):
        return [answer]
    if reports:
        return [Answered(report=report) for report in reports]
    if answer.unreadable or datetime.now(UTC) - sent_at > REACH:
        return [Unanswered(asked=True)]
    return [Answered(report=None, found=False)]
