"""An account's lookups with a fake HTTP client and a fake slot: order, limits, pauses, and an answer in every case."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from relay.core.items import Answered, Unanswered
from relay.core.schedule import Urgency
from relay.lookups.gate import FAILURES_TO_OPEN, Closed
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.pacing import NEWCOMER_SECONDS
from relay.lookups.reading import Garbled
from tests.lookups.driven_account import FOUND, FakeHttp, Scripted, an_account, answering
from tests.virtual_time import settled


async def test_new_requests_and_polls_take_turns() -> None:
    """Whatever was queued first, a new request starts first."""
    async with an_account(FakeHttp(held=asyncio.Event()), concurrency=1) as driven:
        driven.ask("poll-1", "poll-2", urgency=Urgency.PENDING)
        driven.ask("new-1", "new-2")
        assert driven.http.held
        driven.http.held.set()
        await driven.slot.got(4)
        assert driven.http.paths == ["/new-1", "/poll-1", "/new-2", "/poll-2"]


async def test_never_more_in_flight_than_the_share() -> None:
    """Fifty lookups, three at a time, and all are answered."""
    async with an_account(concurrency=3) as driven:
        driven.ask(*(f"m-{number}" for number in range(50)))
        await driven.slot.got(50)
        assert driven.http.most_in_flight == 3
        assert driven.lookups.waiting == 0


async def test_a_newcomer_begins_by_itself() -> None:
    """It asks nothing until those who share with it came down to their part, and needs no sign then."""
    began = time.monotonic()
    async with an_account(part=0.5) as driven:
        driven.ask("m-1")
        await driven.slot.got(1)
        assert time.monotonic() - began >= NEWCOMER_SECONDS


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
    """Neither a queued nor a running lookup of a slot that is gone brings an item; the others go on in its place."""
    async with an_account(FakeHttp(held=asyncio.Event()), concurrency=1) as driven:
        tickets = [
            driven.lookups.ask(driven.slot, name, due=0.0, urgency=Urgency.PENDING) for name in (b"run", b"wait")
        ]
        await driven.http.got_one()
        assert [ticket.may_hurry for ticket in tickets] == [False, True]
        for ticket in tickets:
            ticket.cancel()
        driven.ask("m-1")
        await settled()
        assert driven.http.held
        assert driven.http.paths == ["/run"], "the provider still has the request that was given up"
        assert driven.lookups.in_flight == 1
        driven.http.held.set()
        await driven.slot.got(1)
        assert list(driven.slot.items) == [b"m-1"]
        assert driven.http.paths == ["/run", "/m-1"]


async def test_a_state_that_cannot_be_read_ends_the_lookups() -> None:
    """Whoever runs them hears of it: without that, the message would wait for ever, and nobody would know."""
    async with an_account() as driven:
        driven.slot.unreadable = True
        driven.ask("m-1", "m-2")
        async with asyncio.timeout(10):
            with pytest.raises(ValueError, match="unreadable"):
                await driven.running


class Panic(BaseException):
    """What a library in Rust raises for a bug of its own: no Exception."""


async def test_a_lookup_that_ends_without_an_item_is_asked_about_again() -> None:
    """Else its message would wait for it for ever."""
    async with an_account(FakeHttp(script=lambda path: Panic() if path == "/m-1" else FOUND)) as driven:
        driven.ask("m-1", "m-2")
        await driven.slot.got(2)
        assert driven.slot.items == {b"m-1": [Unanswered(asked=True)], b"m-2": [Answered(report=None)]}
