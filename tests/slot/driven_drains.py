"""The drains of a process in the hands of a test: a provider that takes its time, and a Kafka that may be closed."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from relay.core.collecting import Intent, NoAnswer, Unasked
from relay.kafka.records import Outgoing
from relay.lookups.http import HttpResponse
from relay.observe.metrics import Metrics
from relay.slot.drains import Drain, Drains
from tests.builders import after
from tests.collected import ACCOUNT, an_intent
from tests.slot.stored import RAW
from tests.virtual_time import passed

PAGE = HttpResponse(200, b"m-1", content_type="application/json")


@dataclass
class FakeSource:
    """An account whose provider takes two seconds, and answers as the script says."""

    script: deque[HttpResponse | Exception] = field(default_factory=deque)
    asked: list[Intent] = field(default_factory=list)
    account: str = ACCOUNT

    def url(self, intent: Intent) -> str:
        """Return an address."""
        return f"https://x.example/reports?limit={intent.limit}"

    async def drain(self, intent: Intent) -> HttpResponse:
        """Answer."""
        self.asked.append(intent)
        await asyncio.sleep(2.0)
        answer = self.script.popleft() if self.script else PAGE
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class FakeWriter:
    """Takes records, but only while it is open; meanwhile each attempt fails after a second."""

    open: bool = True
    written: list[list[Outgoing]] = field(default_factory=list)

    async def write(self, records: Sequence[Outgoing], delayed: Callable[[str, Exception], None]) -> None:
        """Write records."""
        while not self.open:
            delayed(records[0].topic, TimeoutError())
            await asyncio.sleep(1.0)
        self.written.append(list(records))


class Driven:
    """The drains of a process; `clock_is_ahead` by so many seconds."""

    def __init__(self, *script: HttpResponse | Exception) -> None:
        self.source, self.writer = FakeSource(deque(script)), FakeWriter()
        self.ended: list[NoAnswer | Unasked] = []
        self.clock_is_ahead = 0.0
        self.metrics = Metrics("1.0")
        writer: Any = self.writer
        self.drains = Drains(writer, RAW, self.metrics, self.now)

    def now(self) -> datetime:
        """Return the instant."""
        return after(passed() + self.clock_is_ahead)

    def begin(self, drain_id: str = "d-1", *, decided_ago: float = 0.0) -> None:
        """Begin a drain that was decided now by the clock, and so long ago by the monotonic one."""
        source: Any = self.source
        intent = an_intent(drain_id, intended_at=after(passed()))
        decided = time.monotonic() - decided_ago
        self.drains.begin(Drain(intent=intent, source=source, partition=3, decided=decided, ended=self.ended.append))

    def counted(self, outcome: str) -> float | None:
        """Return how often drains ended so."""
        return self.metrics.registry.get_sample_value("relay_drains_total", {"account": ACCOUNT, "outcome": outcome})
