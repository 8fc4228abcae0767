"""A provider without HTTP, which hands each report out once, and its log; the test chooses what becomes of each GET."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from relay.core.collecting import Filter, Intent
from relay.core.items import Unanswered
from relay.core.model import Engagement, Outcome, Reason, Report
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.pages import Page, UnreadableReport
from relay.lookups.reading import Garbled
from tests.builders import after
from tests.collected import a_voice_report

TIMEOUT_SECONDS = 10.0
GARBLED, SPOILT, BREAKS_OFF = b"?", b"%", b"!"


class How(StrEnum):
    """What becomes of a GET for unread reports."""

    FINE = "fine"
    LOST = "lost"  # handed out, and lost on the way
    CUT = "cut"  # the same, but the first report came through
    UNREACHED = "unreached"  # the provider never saw it
    FAILED = "failed"  # handed out, and a gateway failed
    REFUSED = "refused"  # wrong credentials
    GARBLED = "garbled"  # handed out, in a body that is no page
    SPOILT = "spoilt"  # one element more came that can't be read
    BROKEN = "broken"  # the page breaks off after its first report


def the_report(message_id: str) -> Report:
    """Return what became of a call: by its number delivered, answered or failed, and of one of two bulks."""
    number = int(message_id.removeprefix("m-"))
    failed = number % 3 == 0
    return a_voice_report(
        message_id,
        outcome=Outcome.FAILED if failed else Outcome.DELIVERED,
        reason=Reason(category="busy", code="5003") if failed else None,
        engagements=frozenset({Engagement.ANSWERED}) if number % 3 == 1 else frozenset(),
        bulk_id=f"b-{number % 2}",
        occurred_at=after(-37.0 * number),
    )


def passes(report: Report, wanted: Filter) -> bool:
    """Tell whether a filter lets a report through."""
    return wanted[0] in (None, report.bulk_id) and wanted[1] in (None, report.message_id)


def read_body(body: bytes, _content_type: str | None = None) -> Page:
    """Return the page that a body of the provider holds: a word for each message."""
    if body.startswith(GARBLED):
        raise Garbled("no words")
    words = body.split()
    unreadable = tuple(
        UnreadableReport(body=word, reason="no message") for word in words if word in (SPOILT, BREAKS_OFF)
    )
    reports = tuple(the_report(word.decode()) for word in words if word not in (SPOILT, BREAKS_OFF))
    return Page(reports=reports, unreadable=unreadable, count=len(words), broken=BREAKS_OFF in words)


@dataclass(eq=False)
class Get:
    """A GET under way; whoever sent it may be gone."""

    intent: Intent
    future: asyncio.Future[HttpResponse]


@dataclass
class Provider:
    """Knows what became of calls, hands it out once, and keeps it in a log."""

    known: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    intents: list[Intent] = field(default_factory=list)
    script: deque[How] = field(default_factory=deque)
    held: bool = False
    waiting: deque[Get] = field(default_factory=deque)
    log_is_there: bool = True
    log_is_up: bool = True
    windows: list[tuple[Filter, datetime, datetime]] = field(default_factory=list)

    def knows(self, *message_ids: str) -> None:
        """Learn what became of calls."""
        for message_id in message_ids:
            if message_id not in self.known:
                self.known.append(message_id)
                self.unread.append(message_id)

    async def get(self, intent: Intent) -> HttpResponse:
        """Hand out what is unread; it is gone then."""
        self.intents.append(intent)
        get = Get(intent, asyncio.get_running_loop().create_future())
        self.waiting.append(get)
        if not self.held:
            self.answer(self.script.popleft() if self.script else How.FINE)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await get.future
        except TimeoutError:
            raise HttpFailure(Failure.TIMED_OUT) from None

    def answer(self, how: How) -> None:
        """Carry the first GET out that waits; its sender hears of it if it is still there."""
        if not self.waiting:
            return
        get = self.waiting.popleft()
        answer = self._carried_out(get.intent, how)
        if get.future.done():
            return
        if isinstance(answer, HttpFailure):
            get.future.set_exception(answer)
        else:
            get.future.set_result(answer)

    def _carried_out(self, intent: Intent, how: How) -> HttpResponse | HttpFailure:
        if how in (How.REFUSED, How.UNREACHED):
            return HttpResponse(401, b"") if how is How.REFUSED else HttpFailure(Failure.CONNECTION)
        page = [each for each in self.unread if passes(the_report(each), intent.filter)][: intent.limit]
        self.unread = [each for each in self.unread if each not in page]
        words = [each.encode() for each in page]
        if how in (How.LOST, How.CUT):
            received = HttpResponse(200, b" ".join([*words[:1], BREAKS_OFF])) if how is How.CUT else None
            return HttpFailure(Failure.TRUNCATED, received)
        body = {
            How.GARBLED: [GARBLED, *words],
            How.SPOILT: [*words, SPOILT],
            How.BROKEN: [*words[:1], BREAKS_OFF],
        }.get(how, words)
        return HttpResponse(504 if how is How.FAILED else 200, b" ".join(body))


@dataclass
class FakeLog:
    """The provider's log: one request after the other, each half a second, of all calls whose end is known."""

    provider: Provider

    @property
    def there(self) -> bool:
        """Whether the account has a log."""
        return self.provider.log_is_there

    async def window(self, wanted: Filter, since_at: datetime, until_at: datetime) -> Page | None:
        """Return what is in a window of time."""
        self.provider.windows.append((wanted, since_at, until_at))
        await asyncio.sleep(0.5)
        if not self.provider.log_is_up:
            return None
        found = tuple(
            report
            for report in map(the_report, self.provider.known)
            if passes(report, wanted) and report.occurred_at and since_at <= report.occurred_at <= until_at
        )
        return Page(reports=found, unreadable=(), count=len(found))

    def drained(self, began: float, unanswered: Unanswered) -> None:
        """Have nobody who waits: the test answers lookups."""
