"""What survives a process, without Kafka or HTTP: topics in memory, and the provider; and how a process reaches them.

With `held`, answers and acknowledgements wait until the test lets them go, one by one, in the way it chooses.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from relay.core.collecting import Intent
from relay.core.items import Requested
from relay.core.model import Event, MessageState, Request
from relay.kafka.records import Outgoing
from relay.lookups.http import HttpResponse
from relay.lookups.pages import Page
from relay.slot.codec import decode_account, decode_state
from relay.slot.keys import account_key
from relay.slot.turn import Turn
from tests.builders import NOON
from tests.collected import ACCOUNT
from tests.slot.stored import Record, fetched
from tests.slot.voice_provider import FakeLog, Provider, read_body
from tests.virtual_time import passed


class Taken(StrEnum):
    """What becomes of a record that is written outside of transactions."""

    ONCE = "once"
    TWICE = "twice"
    UNHEARD = "unheard"  # written, but the acknowledgement is lost: the writer writes it again
    REFUSED = "refused"  # not written: the writer tries again


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
        return None if value is None else decode_state(key, value)

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
