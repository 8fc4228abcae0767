"""The lookups of one account in the hands of a test: a provider by a script, and a slot that notes what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from relay.core.items import Answered, Item
from relay.core.model import Lookup
from relay.core.schedule import Urgency
from relay.lookups.account import AccountLookups
from relay.lookups.http import HttpRequest, HttpResponse
from relay.lookups.pacing import Pace
from relay.observe.metrics import Metrics
from tests.builders import a_lookup

Scripted = HttpResponse | BaseException
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
        if isinstance(scripted, BaseException):
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
    unreadable: bool = False

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question of a key."""
        if self.unreadable:
            raise ValueError("unreadable")
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
    running: asyncio.Task[None]

    def ask(self, *names: str, urgency: Urgency = Urgency.NEW) -> None:
        """Queue lookups."""
        for name in names:
            self.lookups.ask(self.slot, name.encode(), due=0.0, urgency=urgency)


@asynccontextmanager
async def an_account(
    http: FakeHttp | None = None,
    *,
    concurrency: int = 100,
    part: float = 1.0,
    interpret: Callable[[HttpResponse], Answered] = lambda _response: Answered(report=None),
) -> AsyncIterator[Driven]:
    """Run an account's lookups for a while."""
    http, slot = http or FakeHttp(), FakeSlot()
    lookups = AccountLookups(
        "hyber_main",
        http=http,
        pace=Pace(rate_per_second=1e6, concurrency=concurrency, timeout_seconds=10.0),
        to_request=lambda lookup: HttpRequest(f"/{lookup.message_id}"),
        interpret=lambda response, _lookup, _now: interpret(response),
        metrics=Metrics("1.0"),
    )
    lookups.share(part)
    running = asyncio.create_task(lookups.run())
    try:
        yield Driven(http, slot, lookups, interpret, running)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, ValueError):  # the test has heard of it
            await running


def answering(response: Scripted) -> FakeHttp:
    """Return a client that always answers so."""
    return FakeHttp(script=lambda _path: response)
