"""A provider and a slot for what asks by HTTP: fakes that a test scripts."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from relay.core.items import Item
from relay.core.model import Lookup
from relay.lookups.http import HttpRequest, HttpResponse
from tests.builders import a_lookup

OK = HttpResponse(200, b"")


@dataclass
class FakeHttp:
    """Answers with what the script says next, else with nothing; takes a tenth of a second. It has no sockets."""

    script: deque[HttpResponse | Exception] = field(default_factory=deque)
    default: HttpResponse | Exception = OK
    paths: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    most_in_flight: int = 0
    closed: bool = False
    _in_flight: int = 0

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        self.paths.append(request.path)
        self.times.append(asyncio.get_running_loop().time())
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        await asyncio.sleep(0.1)
        self._in_flight -= 1
        answer = self.script.popleft() if self.script else self.default
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


@dataclass
class FakeSlot:
    """Asks about any key that isn't `gone`, of messages that were sent just now, and collects the items."""

    items: list[tuple[str, Item]] = field(default_factory=list)
    gone: frozenset[str] = frozenset()
    nameless: frozenset[str] = frozenset()
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question of a key."""
        name = key.decode()
        if name in self.gone:
            return None
        return a_lookup(message_id=None if name in self.nameless else name, anchor_at=self.sent_at)

    def answer(self, key: bytes, item: Item) -> None:
        """Collect the item."""
        self.items.append((key.decode(), item))
