"""What survives a process, without Kafka or HTTP: topics in memory, and a provider that hands each report out once.

With `held`, answers and acknowledgements wait until the test lets them go, one by one, in the way it chooses.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from relay.core.collecting import Filter, Intent
from relay.core.model import Engagement, Event, MessageState, Outcome, Reason, Report, Request, Requested, Unanswered
from relay.kafka.records import Outgoing
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.pages import Page, UnreadableReport
from relay.lookups.reading import Garbled
from relay.slot.codec import decode_account, decode_state
from relay.slot.keys import account_key
from relay.slot.turn import Turn
from tests.builders import NOON, after
from tests.collected import ACCOUNT, a_voice_report
from tests.slot.stored import Record, fetched
from tests.virtual_time import passed

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


class Taken(StrEnum):
    """What becomes of a record that is written outside of transactions."""

    ONCE = "once"
    TWICE = "twice"
    UNHEARD = "unheard"  # written, but the acknowledgement is lost: the writer writes it again
    REFUSED = "refused"  # not written: the writer tries again


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


@dataclass
class FakeSource:
    """The account of one process; it knows neither pace nor gate."""

    provider: Provider
    world: "World"
    account: str = ACCOUNT

    def __post_init__(self) -> None:
        self.log = FakeLog(self.provider)

    def opens_at(self, monotonic: float) -> float:
        """Be open."""
        return monotonic

    def url(self, intent: Intent) -> str:
        """Return an address."""
        return f"https://x.example/reports?limit={intent.limit}"

    async def drain(self, intent: Intent) -> HttpResponse:
        """Take what is unread; by then the intent must be stored, and no other drain be under way."""
        self.world.expects(self.world.account().intent == intent, "a drain has a stored intent")
        self.world.expects(all(get.future.done() for get in self.provider.waiting), "one drain at a time")
        return await self.provider.get(intent)

    async def read(self, body: bytes, content_type: str | None) -> Page:
        """Read a body."""
        return read_body(body, content_type)

    def error_in(self, body: bytes) -> str | None:  # noqa: ARG002 - the seam's
        """Say nothing of errors."""
        return None


@dataclass(eq=False)
class FakeWriter:
    """Writes to the raw topic; an attempt that isn't acknowledged is made again after a second, for ever."""

    world: "World"

    async def write(self, records: Sequence[Outgoing], delayed: Callable[[str, Exception], None]) -> None:
        """Write records, each alone."""
        for record in records:
            while (how := await self.world.write(record)) in (Taken.UNHEARD, Taken.REFUSED):
                delayed(record.topic, TimeoutError())
                await asyncio.sleep(1.0)
            assert how in (Taken.ONCE, Taken.TWICE)


@dataclass(eq=False)
class Write:
    """A record on its way to the raw topic."""

    record: Outgoing
    future: asyncio.Future[Taken]


@dataclass
class World:
    """The topics, the provider, and the time since noon, which is the loop's."""

    provider: Provider = field(default_factory=Provider)
    inbox: list[Requested] = field(default_factory=list)
    raw: list[Record] = field(default_factory=list)
    state: dict[bytes, bytes] = field(default_factory=dict)
    next_offset: int = 0
    next_raw: int = 0
    events: list[Event] = field(default_factory=list)
    letters: list[Outgoing] = field(default_factory=list)
    held: bool = False
    writes: deque[Write] = field(default_factory=deque)
    failures: list[BaseException | str] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the instant, in milliseconds as what is stored."""
        return NOON + timedelta(milliseconds=round(passed() * 1000))

    def expects(self, truth: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion
        """Note what does not hold, where an exception would be taken for a failure of the provider."""
        if not truth:
            self.failures.append(what)

    def ask(self, *requests: Request) -> None:
        """Put requests into the inbox."""
        self.inbox.extend(Requested(request=request) for request in requests)

    def account(self) -> Any:
        """Return the stored state of the account."""
        value = self.state.get(account_key(ACCOUNT), b'{"v":1,}')
        return decode_account(value)

    def message(self, key: bytes) -> MessageState | None:
        """Return a stored state."""
        value = self.state.get(key)
        return None if value is None else decode_state(value)

    def commit(self, turn: Turn) -> None:
        """Take a turn as one transaction does: all of it."""
        for key, value in turn.writes.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        self.events.extend(turn.events)
        self.letters.extend(turn.letters)
        self.next_offset, self.next_raw = turn.next_offset, turn.next_raw

    async def write(self, record: Outgoing) -> Taken:
        """Take a record that is written outside of transactions."""
        write = Write(record, asyncio.get_running_loop().create_future())
        self.writes.append(write)
        if not self.held:
            self.acknowledge(Taken.ONCE)
        return await write.future

    def acknowledge(self, how: Taken) -> None:
        """Let the first write end that waits; its writer hears of it if it is still there."""
        if not self.writes:
            return
        write = self.writes.popleft()
        for _ in range({Taken.REFUSED: 0, Taken.TWICE: 2}.get(how, 1)):
            self.raw += fetched(write.record, offset=len(self.raw))
        if not write.future.done():
            write.future.set_result(how)
