"""Keeps the calls of one Infobip account: the unread reports, each given once, and the log, given again and again.

Takes instants from its caller and never reads a clock.
"""

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from random import Random

from relay.simulator.infobip_calls import CallReport, VoiceCall, reports_of
from relay.simulator.infobip_lives import with_life
from relay.simulator.infobip_queries import LogQuery, ReportQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A call on its way and every report that there will be of it, oldest first."""

    call: VoiceCall
    sent_at: float
    reports: tuple[CallReport, ...]

    def known_at(self, now: float) -> CallReport:
        """Give what the provider says of the call at `now`, pending if nothing else."""
        known = [report for report in self.reports if report.at <= now]
        return known[-1] if known else CallReport(call=self.call, sent_at=self.sent_at, at=self.sent_at, ending=None)


class CallLedger:
    """The calls of one account; `speed` divides every second of their lives, not those of the log."""

    def __init__(self, *, speed: float, seed: int, log_seconds: float) -> None:
        self._speed = speed
        self._seed = seed
        self._log_seconds = log_seconds
        self._placed: dict[str, Placed] = {}
        self._by_sending: list[tuple[float, int, Placed]] = []
        self._to_come: list[tuple[float, int, CallReport]] = []
        # A plain dict is slow to pop from the front, where thousands of holes gather.
        self._unread: OrderedDict[int, CallReport] = OrderedDict()
        self._of_message: dict[str, OrderedDict[int, None]] = {}
        self._of_bulk: dict[str, OrderedDict[int, None]] = {}
        self._number = 0

    def place(self, call: VoiceCall, now: float) -> None:
        """Take a call over; of two with one id both are reported, and the log and the truth know the second."""
        if call.endings is None:
            call = with_life(Random(f"{self._seed}/{call.message_id}"), call)  # noqa: S311 - lives, no secrets
        sent_at = now if call.sent_at is None else call.sent_at
        placed = Placed(call=call, sent_at=sent_at, reports=reports_of(call, sent_at=sent_at, speed=self._speed))
        self._placed[call.message_id] = placed
        insort(self._by_sending, (sent_at, self._next_number(), placed))
        for report in placed.reports:
            heappush(self._to_come, (report.at, self._next_number(), report))

    def take(self, query: ReportQuery, now: float) -> tuple[CallReport, ...]:
        """Give the oldest unread reports that the query lets through and forget that they were unread."""
        self._mature(now)
        numbers = tuple(islice(self._wanted(query), query.limit))
        return tuple(self._read(number) for number in numbers)

    def unread(self, now: float) -> int:
        """Count the reports that are there to be read."""
        self._mature(now)
        return len(self._unread)

    def log(self, query: LogQuery, now: float) -> tuple[CallReport, ...]:
        """Give what is known of the calls of the log's window that the query lets through, latest sent first."""
        since = max(query.sent_since or 0.0, now - self._log_seconds)
        until = min(now, query.sent_until or now)
        reports = (placed.known_at(now) for placed in self._sent(query, since, until))
        return tuple(islice((report for report in reports if query.lets_through(report)), query.limit))

    def in_log_until(self, report: CallReport) -> float:
        """Give the instant after which the log no longer tells of a report, too old or superseded."""
        forgotten_at = report.sent_at + self._log_seconds
        return forgotten_at if report.superseded_at is None else min(forgotten_at, report.superseded_at)

    def known(self, message_id: str) -> Placed | None:
        """Find a call."""
        return self._placed.get(message_id)

    def all(self) -> Iterable[Placed]:
        """Give every call."""
        return self._placed.values()

    def _mature(self, now: float) -> None:
        while self._to_come and self._to_come[0][0] <= now:
            _, number, report = heappop(self._to_come)
            self._unread[number] = report
            self._of_message.setdefault(report.call.message_id, OrderedDict())[number] = None
            if report.call.bulk_id is not None:
                self._of_bulk.setdefault(report.call.bulk_id, OrderedDict())[number] = None

    def _wanted(self, query: ReportQuery) -> Iterable[int]:
        if query.message_id is not None:
            own = self._of_message.get(query.message_id, ())
            return (number for number in own if query.bulk_id in (None, self._unread[number].call.bulk_id))
        return self._unread if query.bulk_id is None else self._of_bulk.get(query.bulk_id, ())

    def _read(self, number: int) -> CallReport:
        report = self._unread.pop(number)
        for index, key in ((self._of_message, report.call.message_id), (self._of_bulk, report.call.bulk_id)):
            if key is not None:
                del index[key][number]
                if not index[key]:
                    del index[key]
        return report

    def _sent(self, query: LogQuery, since: float, until: float) -> Iterator[Placed]:
        if query.message_ids:
            asked = (self._placed.get(message_id) for message_id in query.message_ids)
            found = [placed for placed in asked if placed is not None and since <= placed.sent_at <= until]
            yield from sorted(found, key=lambda placed: -placed.sent_at)
            return
        for index in range(bisect_right(self._by_sending, until, key=lambda row: row[0]) - 1, -1, -1):
            sent_at, _, placed = self._by_sending[index]
            if sent_at < since:
                return
            if self._placed[placed.call.message_id] is placed:
                yield placed

    def _next_number(self) -> int:
        self._number += 1
        return self._number
