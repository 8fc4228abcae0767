"""An account's lookups with a fake HTTP client and a fake slot: order, limits, pauses, and an answer in every case."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from relay.core.model import Answered, Item, Lookup, Unanswered
from relay.lookups.account import AccountLookups
from relay.lookups.gate import FAILURES_TO_OPEN, Closed
from relay.lookups.http import Failure, HttpFailure, HttpRequest, HttpResponse
from relay.lookups.pacing import Pace
from relay.lookups.reading import Garbled
from relay.observe.metrics import Metrics
from tests.builders import a_lookup

Scripted = HttpResponse | Exception
FOUND = HttpResponse(200, b"{}")


@dataclass
class FakeHttp:
    """Answers with what `script` says for the path; with `held`, only once the test lets go. It has no sockets."""

    script: Callable[[str], Scripted] = lambda _path: FOUND
    paths: list[str] = field(default_factory=list)
    most_in_flight: int = 0
    held: asyncio.Event | None = None
    _in_flight: int = 0

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        self.paths.append(request.path)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await (self.held.wait() if self.held else asyncio.sleep(0))
        finally:
            self._in_flight -= 1
        scripted = self.script(request.path)
        if isinstance(scripted, Exception):
            raise scripted
        return scripted

    async def close(self) -> None:
        """Have nothing to close."""

    async def got_one(self) -> None:
        """Wait until it was asked."""
        async with asyncio.timeout(10):
            while not self.paths:  # noqa: ASYNC110 - a fake needs no event
                await asyncio.sleep(0)


@dataclass
class FakeSlot:
    """Asks about any key, and collects the items."""

    items: dict[bytes, list[Item]] = field(default_factory=dict)
    unknown: frozenset[bytes] = frozenset()

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question of a key."""
        return None if key in self.unknown else a_lookup(message_id=key.decode())

    def answer(self, key: bytes, item: Item) -> None:
        """Collect the item."""
        self.items.setdefault(key, []).append(item)

    async def got(self, count: int) -> list[Item]:
        """Wait until so many items came."""
        async with asyncio.timeout(10):
            while sum(map(len, self.items.values())) < count:  # noqa: ASYNC110 - a fake needs no event
                await asyncio.sleep(0)
        return [item for items in self.items.values() for item in items]


@dataclass
class Driven:
    """An account whose lookups run."""

    http: FakeHttp
    slot: FakeSlot
    lookups: AccountLookups
    interpret: Callable[[HttpResponse], Answered]

    def ask(self, *names: str, urgent: bool = True) -> None:
        """Queue lookups."""
        for name in names:
            self.lookups.ask(self.slot, name.encode(), due=0.0, urgent=urgent)


@asynccontextmanager
async def an_account(
    http: FakeHttp | None = None,
    *,
    concurrency: int = 100,
    interpret: Callable[[HttpResponse], Answered] = lambda _response: Answered(report=None),
) -> AsyncIterator[Driven]:
    """Run an account's lookups for a while."""
    http, slot = http or FakeHttp(), FakeSlot()
    lookups = AccountLookups(
        "hyber_main",
        http=http,
        pace=Pace(rate_per_second=1e6, concurrency=concurrency),
        to_request=lambda lookup: HttpRequest(f"/{lookup.message_id}"),
        interpret=lambda response, _lookup, _now: interpret(response),
        metrics=Metrics("1.0"),
    )
    lookups.share(1.0)
    running = asyncio.create_task(lookups.run())
    try:
        yield Driven(http, slot, lookups, interpret)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def answering(response: Scripted) -> FakeHttp:
    """Return a client that always answers so."""
    return FakeHttp(script=lambda _path: response)


async def test_new_requests_go_before_polls() -> None:
    """Whatever was queued first, urgent lookups start first."""
    async with an_account(FakeHttp(held=asyncio.Event()), concurrency=1) as driven:
        driven.ask("poll-1", "poll-2", urgent=False)
        driven.ask("new-1", "new-2")
        assert driven.http.held
        driven.http.held.set()
        await driven.slot.got(4)
        assert driven.http.paths == ["/new-1", "/new-2", "/poll-1", "/poll-2"]


async def test_never_more_in_flight_than_the_share() -> None:
    """Fifty lookups, three at a time, and all are answered."""
    async with an_account(concurrency=3) as driven:
        driven.ask(*(f"m-{number}" for number in range(50)))
        await driven.slot.got(50)
        assert driven.http.most_in_flight == 3
        assert driven.lookups.waiting == 0


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_hold_everything(status: int) -> None:
    """The lookup and all that wait are held, and the account is not asked meanwhile."""
    async with an_account(answering(HttpResponse(status, b"")), concurrency=1) as driven:
        driven.ask("m-1", "m-2", "m-3")
        items = await driven.slot.got(3)
        assert all(isinstance(item, Unanswered) and item.held and item.not_before for item in items)
        assert len(driven.http.paths) == 1
        assert driven.lookups.gate.closed is Closed.REFUSED


@pytest.mark.parametrize(
    ("status", "retry_after", "least", "most"),
    [
        (429, "30", 29, 32),
        (429, None, 4, 7),
        (429, "garbage", 4, 7),
        (429, "Thu, 01 Jan 1970 00:00:00 GMT", -1, 2),
        (503, "30", 29, 32),
    ],
)
async def test_a_throttled_account_comes_back_when_told(
    status: int, retry_after: str | None, least: float, most: float
) -> None:
    """`Retry-After` is obeyed; without one that can be read the relay chooses. Nothing is held, nothing lost."""
    response = HttpResponse(status, b"", retry_after=retry_after)
    async with an_account(answering(response), concurrency=1) as driven:
        driven.ask("m-1", "m-2")
        for item in await driven.slot.got(2):
            assert isinstance(item, Unanswered)
            assert item.not_before is not None
            assert not item.held
            assert least <= (item.not_before - datetime.now(UTC)).total_seconds() <= most


async def test_the_breaker_opens_and_lets_one_probe_pass() -> None:
    """After five failures the queue is turned away; later one lookup probes, and its success lets all go."""
    http = FakeHttp(script=lambda path: FOUND if path.startswith("/later") else HttpFailure(Failure.TIMED_OUT))
    async with an_account(http, concurrency=1) as driven:
        driven.ask(*(f"m-{number}" for number in range(20)))
        items = await driven.slot.got(20)
        assert len(http.paths) == FAILURES_TO_OPEN
        away = [item for item in items if isinstance(item, Unanswered) and not item.asked]
        assert len(away) == 20 - FAILURES_TO_OPEN
        assert all(item.not_before is not None and not item.held for item in away)
    async with an_account(FakeHttp(held=asyncio.Event()), concurrency=9) as driven:
        for _ in range(FAILURES_TO_OPEN):
            driven.lookups.gate.failed(0.0)
        driven.lookups.gate.until = 0.0
        driven.ask("later-1", "later-2", "later-3")
        await driven.http.got_one()
        for _ in range(20):
            await asyncio.sleep(0)
        assert driven.http.paths == ["/later-1"]
        assert driven.http.held
        driven.http.held.set()
        await driven.slot.got(3)
        assert driven.lookups.gate.closed is None


@pytest.mark.parametrize("response", [HttpResponse(500, b""), HttpResponse(302, b""), HttpFailure(Failure.CONNECTION)])
async def test_a_failure_counts_as_asked(response: Scripted) -> None:
    """The attempt was made, so a message may expire after it."""
    async with an_account(answering(response)) as driven:
        driven.ask("m-1")
        assert await driven.slot.got(1) == [Unanswered(asked=True)]


@pytest.mark.parametrize("error", [Garbled("no JSON"), RuntimeError("a bug"), OverflowError()])
async def test_whatever_reading_raises_the_slot_gets_an_item(error: Exception) -> None:
    """A lookup without an item would keep its message silent for ever."""

    def interpret(_response: HttpResponse) -> Answered:
        raise error

    async with an_account(interpret=interpret) as driven:
        driven.ask("m-1")
        assert await driven.slot.got(1) == [Unanswered(asked=True)]


async def test_a_message_that_is_gone_is_not_asked_about() -> None:
    """The question is read when the turn has come; without one nothing is sent."""
    async with an_account() as driven:
        driven.slot.unknown = frozenset({b"m-1"})
        driven.ask("m-1")
        assert await driven.slot.got(1) == [Unanswered(asked=False)]
        assert driven.http.paths == []


async def test_cancelled_lookups_answer_nobody() -> None:
    """Neither a queued nor a running lookup of a slot that is gone brings an item; the others go on."""
    async with an_account(FakeHttp(held=asyncio.Event()), concurrency=1) as driven:
        tickets = [driven.lookups.ask(driven.slot, name, due=0.0, urgent=False) for name in (b"run", b"wait")]
        await driven.http.got_one()
        assert [ticket.may_hurry for ticket in tickets] == [False, True]
        for ticket in tickets:
            ticket.cancel()
        driven.ask("m-1")
        assert driven.http.held
        driven.http.held.set()
        await driven.slot.got(1)
        assert list(driven.slot.items) == [b"m-1"]
        assert driven.http.paths == ["/run", "/m-1"]
