"""The reconciling of one account in the hands of a test: a log of calls, and what is told of its gaps."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from relay.core.collecting import Filter, Gap, Reconciled
from relay.core.model import Report
from relay.lookups.pages import Page
from relay.observe.metrics import Metrics
from relay.slot.reconciling import Reconciling
from tests.builders import NOON, after
from tests.collected import ACCOUNT, a_voice_report
from tests.virtual_time import passed, settled

LIMIT = 3
"""How many entries a page of the log has in these tests."""
REQUEST_SECONDS = 0.5


@dataclass
class FakeLog:
    """Calls by the time at which they were sent; gives the first of a window. It can't be read while it is down."""

    sent_at: list[datetime] = field(default_factory=list)
    there: bool = True
    down_until: float = 0.0
    broken: bool = False
    windows: list[tuple[float, Filter, datetime, datetime]] = field(default_factory=list)

    async def window(self, wanted: Filter, since_at: datetime, until_at: datetime) -> Page | None:
        """Return what is in a window, both ends included."""
        self.windows.append((passed(), wanted, since_at, until_at))
        if self.broken:
            raise ValueError("a bug")
        await asyncio.sleep(REQUEST_SECONDS)
        if passed() < self.down_until:
            return None
        page = sorted(at for at in self.sent_at if since_at <= at <= until_at)[:LIMIT]
        reports = tuple(a_voice_report(name_of(at), occurred_at=at) for at in page)
        return Page(reports=reports, unreadable=(), count=len(reports))


def name_of(at: datetime) -> str:
    """Return the id of the call that was sent then."""
    return f"m-{(at - NOON) // timedelta(milliseconds=1)}"


@dataclass
class FakeSource:
    """The account."""

    log: FakeLog
    account: str = ACCOUNT


class Driven:
    """The reconciling of one account; noon is when its loop began."""

    def __init__(self, *sent_at: datetime, **log: Any) -> None:
        self.log = FakeLog(list(sent_at), **log)
        self.told: list[tuple[float, Reconciled]] = []
        self._news = asyncio.Event()
        self.found: list[str] = []
        self.failures: list[BaseException] = []
        self.metrics = Metrics("1.0")
        source: Any = FakeSource(self.log)
        self.reconciling = Reconciling(
            source,
            tell=self._hear,
            found=self._take,
            failed=self.failures.append,
            metrics=self.metrics,
            clock=lambda: after(passed()),
        )

    def _hear(self, item: Reconciled) -> None:
        self.told.append((passed(), item))
        self._news.set()

    def _take(self, report: Report, _gap: Gap) -> None:
        self.found.append(report.message_id or "")

    def counted(self, outcome: str) -> float | None:
        """Return how many gaps ended so."""
        return self.metrics.registry.get_sample_value("relay_gaps_total", {"account": ACCOUNT, "outcome": outcome})

    async def until_told(self, count: int = 1) -> None:
        """Wait until so many gaps were seen to."""
        while len(self.told) < count:
            self._news.clear()
            await self._news.wait()
        await settled()  # the slot hears of it in a later turn
