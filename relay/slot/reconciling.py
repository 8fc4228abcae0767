"""Closes gaps: reads the provider's log for the time of which drains may have lost reports, newest first."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog

from relay.contracts.instants import format_instant
from relay.core.collecting import CLOCKS_APART, Filter, Gap, Reconciled
from relay.core.model import Report
from relay.lasting import failure_of
from relay.lookups.collected import CollectedAccount
from relay.lookups.log import LOG_LIMIT
from relay.observe.lines import Line
from relay.observe.metrics import Metrics

LOG_REACHES = timedelta(hours=48)
REACH_MARGIN = timedelta(minutes=1)  # asking for more than there is may be an error
BEFORE_SECONDS = 1.0  # the log is written a moment after a report is handed out
SMALLEST_WINDOW = timedelta(milliseconds=1)  # instants of the log have no finer part
FIRST_BACK_OFF_SECONDS, FIRST_PAUSE_SECONDS, LONGEST_BACK_OFF_SECONDS = 2.0, 10.0, 300.0
READINGS_AT_ONCE = 3  # in a row

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
        self._process_failed = failed
        self._closed = False
        self._tasks: dict[Filter, asyncio.Task[None]] = {}
        self._seen_to: dict[Filter, datetime] = {}  # the gap as it stood when it was seen to
        self._readings = 0  # since the last drain that went well

    def see_to(self, gaps: Iterable[Gap]) -> None:
        """Take the gaps as they stand now; new ones are begun with within some seconds."""
        for gap in gaps:
            seen_to = self._seen_to.get(gap.filter) == gap.last_at and not self._is_over(gap)
            if not (self._closed or seen_to or gap.filter in self._tasks):
                self._begin(gap)

    def drained(self) -> None:
        """Note that a drain went well: the log is read without a pause for the next gap."""
        self._readings = 0

    def close(self) -> None:
        """Stop; whoever takes over begins anew."""
        self._closed = True
        for task in self._tasks.values():
            task.cancel()

    def _begin(self, gap: Gap) -> None:
        self._tasks[gap.filter] = task = background(self._see_to(gap), self._process_failed)
        task.add_done_callback(lambda _: self._tasks.pop(gap.filter, None))

    def _is_over(self, gap: Gap) -> bool:
        return self._clock() - gap.last_at > LOG_REACHES - REACH_MARGIN

    async def _see_to(self, gap: Gap) -> None:
        await asyncio.sleep(BEFORE_SECONDS)
        self._seen_to[gap.filter] = gap.last_at
        if self._is_over(gap):
            self._abandon(gap, "the log does not reach back to it")
        elif not self._source.log.there:
            self._abandon(gap, "logs_path is empty: there is no log to read; the gap is shown for 48 hours")
            return
        elif (why := await self._read(gap)) is not None:
            self._abandon(gap, why)
        self._tell(Reconciled(filter=gap.filter, last_at=gap.last_at))

    def _abandon(self, gap: Gap, why: str) -> None:
        """Say that nothing (more) can be done for a gap."""
        self._metrics.gaps.labels(self._source.account, "abandoned").inc()
        log.error(Line.GAP_ABANDONED, **_facts(self._source.account, gap), detail=why)

    async def _read(self, gap: Gap) -> str | None:
        """Read the log window by window; one that is full may hold more, and is halved. Return what it can't tell.

        Where drains fail one after the other, the log is not read all the time: only the first window is at once.
        """
        pause = self._pause()
        windows: list[Window] = [(gap.first_at - LOG_REACHES, gap.last_at + CLOCKS_APART)]
        requests = reports = failures = overfull = 0
        while windows:
            since_at, until_at = windows.pop()
            since_at = max(since_at, self._clock() - LOG_REACHES + REACH_MARGIN)
            if since_at >= until_at:
                if until_at > gap.last_at:
                    return "the log could not be read as long as it reached back to it"
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
                    if requests == 1:
                        await asyncio.sleep(pause)
                    continue
                overfull += 1
            reports += len(page.reports)
            for report in page.reports:
                self._found(report, gap)
        if overfull:
            return f"{overfull} instants have more calls than the log shows at once"
        self._metrics.gaps.labels(self._source.account, "reconciled").inc()
        log.info(Line.GAP_RECONCILED, **_facts(self._source.account, gap), requests=requests, reports=reports)
        return None

    def _pause(self) -> float:
        """Return how long a reading pauses after its first window: longer each time, until a drain goes well."""
        self._readings += 1
        if self._readings <= READINGS_AT_ONCE:
            return 0.0
        return min(
            FIRST_PAUSE_SECONDS * 2.0 ** min(self._readings - READINGS_AT_ONCE - 1, 10), LONGEST_BACK_OFF_SECONDS
        )

    async def _back_off(self, gap: Gap, failures: int) -> None:
        seconds = min(FIRST_BACK_OFF_SECONDS * 2 ** min(failures, 10), LONGEST_BACK_OFF_SECONDS)
        log.warning(Line.GAP_DELAYED, **_facts(self._source.account, gap), seconds=seconds)
        await asyncio.sleep(seconds)


def background(work: Coroutine[Any, Any, None], failed: Callable[[BaseException], None]) -> asyncio.Task[None]:
    """Start work whose failure is a bug that ends the process: without it an account would stand still unnoticed."""
    task = asyncio.create_task(work)

    def ended(task: asyncio.Task[None]) -> None:
        if (error := failure_of(task)) is not None:
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
        "first_at": format_instant(gap.first_at),
        "last_at": format_instant(gap.last_at),
    }
