"""Closes gaps: reads the provider's log for the time of which drains may have lost reports, newest first."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog

from relay.core.collecting import Filter, Gap, Reconciled
from relay.core.model import Report
from relay.lookups.collected import CollectedAccount
from relay.lookups.log import LOG_LIMIT
from relay.observe.lines import Line
from relay.observe.metrics import Metrics

LOG_REACHES = timedelta(hours=48)
REACH_MARGIN = timedelta(minutes=1)  # asking for more than there is may be an error
BEFORE_SECONDS = 1.0  # the log is written a moment after a report is handed out
CLOCKS_APART = timedelta(minutes=1)  # how far the provider's clock may be from ours
SMALLEST_WINDOW = timedelta(milliseconds=1)  # instants of the log have no finer part
FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 2.0, 300.0

log = structlog.get_logger("relay.slot")
Window = tuple[datetime, datetime]


class Reconciling:
    """The gaps of one account; `found` takes each report that the log has, `tell` that a gap was seen to."""

    def __init__(
        self,
        source: CollectedAccount,
        *,
        tell: Callable[[Reconciled], None],
        found: Callable[[Report, Gap], None],
        failed: Callable[[BaseException], None],
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._source = source
        self._tell = tell
        self._found = found
        self._metrics = metrics
        self._clock = clock
        self._failed = failed
        self._gaps: dict[Filter, Gap] = {}
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._seen_to: set[tuple[Filter, datetime]] = set()

    def see_to(self, gaps: Iterable[Gap]) -> None:
        """Take the gaps as they stand now; new ones are begun with within some seconds."""
        self._gaps = {gap.filter: gap for gap in gaps}
        if self._gaps and not self._closed and (self._task is None or self._task.done()):
            self._task = background(self._run(), self._failed)

    def close(self) -> None:
        """Stop; whoever takes over begins anew."""
        self._closed = True
        self._gaps = {}
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while (gap := self._next()) is not None:
            await asyncio.sleep(BEFORE_SECONDS)
            self._seen_to.add((gap.filter, gap.last_at))
            if self._clock() - gap.last_at > LOG_REACHES - REACH_MARGIN:
                self._abandon(gap, "the log does not reach back to it")
                self._tell(Reconciled(filter=gap.filter, last_at=gap.last_at))
            elif not self._source.log.there:
                self._abandon(gap, "logs_path is empty: there is no log to read; the gap stays open for 48 hours")
            else:
                await self._read(gap)
                self._tell(Reconciled(filter=gap.filter, last_at=gap.last_at))

    def _next(self) -> Gap | None:
        """Return a gap that was not seen to as it stands."""
        return next((gap for gap in self._gaps.values() if (gap.filter, gap.last_at) not in self._seen_to), None)

    def _abandon(self, gap: Gap, why: str) -> None:
        """Say that nothing can be done for a gap."""
        self._metrics.gaps.labels(self._source.account, "abandoned").inc()
        log.error(Line.GAP_ABANDONED, **_facts(self._source.account, gap), detail=why)

    async def _read(self, gap: Gap) -> None:
        """Read the log window by window; one that is full may hold more, and is halved."""
        windows: list[Window] = [(gap.first_at - LOG_REACHES, gap.last_at + CLOCKS_APART)]
        requests = reports = failures = overfull = 0
        while windows:
            since_at, until_at = windows.pop()
            since_at = max(since_at, self._clock() - LOG_REACHES + REACH_MARGIN)
            if since_at >= until_at:
                continue
            page = await self._source.log.window(gap.filter, since_at, until_at)
            if page is None:
                windows.append((since_at, until_at))
                await self._back_off(gap, failures)
                failures += 1
                continue
            requests, failures = requests + 1, 0
            if page.count >= LOG_LIMIT:
                if until_at - since_at > SMALLEST_WINDOW:
                    middle = since_at + (until_at - since_at) / 2
                    windows += [(since_at, middle), (middle, until_at)]
                    continue
                overfull += 1
            reports += len(page.reports)
            for report in page.reports:
                self._found(report, gap)
        if overfull:
            self._abandon(gap, f"{overfull} instants have more calls than the log shows at once")
            return
        self._metrics.gaps.labels(self._source.account, "reconciled").inc()
        log.info(Line.GAP_RECONCILED, **_facts(self._source.account, gap), requests=requests, reports=reports)

    async def _back_off(self, gap: Gap, failures: int) -> None:
        seconds = min(FIRST_BACK_OFF_SECONDS * 2 ** min(failures, 10), LONGEST_BACK_OFF_SECONDS)
        log.warning(Line.GAP_DELAYED, **_facts(self._source.account, gap), seconds=seconds)
        await asyncio.sleep(seconds)


def background(work: Coroutine[Any, Any, None], failed: Callable[[BaseException], None]) -> asyncio.Task[None]:
    """Start work whose failure is a bug that ends the process: without it an account would stand still unnoticed."""
    task = asyncio.create_task(work)

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    task.add_done_callback(ended)
    return task


def _facts(account: str, gap: Gap) -> dict[str, object]:
    return {
        "account": account,
        "bulk_id": gap.bulk_id,
        "message_id": gap.message_id,
        "why": gap.why,
        "drains": gap.count,
        "first_at": gap.first_at.isoformat(timespec="milliseconds"),
        "last_at": gap.last_at.isoformat(timespec="milliseconds"),
    }
