"""Remembers what every drain was handed and which fault struck it on its way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from relay.simulator.infobip_calls import CallReport
from relay.simulator.infobip_truth import HandedOut


@dataclass(slots=True, kw_only=True)
class Drain:
    """One response that took reports from the unread; a fault is noted after it."""

    number: int
    at: float
    reports: tuple[CallReport, ...]
    fault: str | None = None
    cut: bool = False

    def strike(self, fault: str, *, cut: bool) -> None:
        """Note the fault that the response meets."""
        self.fault = fault
        self.cut = cut


class Drains:
    """The drains of one account that were given reports; empty ones are not kept."""

    def __init__(self) -> None:
        self._drains: list[Drain] = []

    def begin(self, reports: tuple[CallReport, ...], now: float) -> Drain:
        """Remember what a drain is handed."""
        drain = Drain(number=len(self._drains) + 1, at=now, reports=reports)
        if reports:
            self._drains.append(drain)
        return drain

    def handed_out(self, in_log_until: Callable[[CallReport], float]) -> Iterator[HandedOut]:
        """Give every report that was handed out, in order."""
        for drain in self._drains:
            for report in drain.reports:
                yield _handed_out(drain, report, in_log_until(report))


def _handed_out(drain: Drain, report: CallReport, in_log_until: float) -> HandedOut:
    ending = report.ending
    return HandedOut(
        message_id=report.call.message_id,
        bulk_id=report.call.bulk_id,
        status_id=0 if ending is None else ending.status.id,
        error_id=0 if ending is None else ending.error.id,
        sent_at=report.sent_at,
        done_at=report.at,
        handed_out_at=drain.at,
        drain=drain.number,
        in_log_until=in_log_until,
        fault=drain.fault,
        cut=drain.cut,
    )
