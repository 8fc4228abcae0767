"""Says which report was handed out, when and in which response, and what the provider knew of each call."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from relay.simulator.infobip_calls import DELIVERED_GROUP, DELIVERED_TO_OPERATOR, CallReport
from relay.simulator.infobip_ledger import Placed

_FAILED_GROUPS = frozenset({2, 4, 5})


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """A report that was read and forgotten, in epoch seconds; `drain` numbers the responses with reports from 1.

    `fault` struck the response, and `cut` says that the fault kept it from arriving whole, or may have. What was cut
    can be read again from the log up to `in_log_until`.
    """

    message_id: str
    bulk_id: str | None
    status_id: int
    error_id: int
    sent_at: float
    done_at: float
    handed_out_at: float
    drain: int
    in_log_until: float
    fault: str | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTruth:
    """The whole life of one call in epoch seconds, also what is still to come; None is what never happens."""

    message_id: str
    bulk_id: str | None
    sent_at: float
    delivered_at: float | None
    answered_at: float | None
    failed_at: float | None
    outcome: Literal["delivered", "failed", "pending"]

    def knew_at(self) -> dict[str, float]:
        """Give the instants of `delivered`, `answered` and `failed`, without those that never happen."""
        instants = {"delivered": self.delivered_at, "answered": self.answered_at, "failed": self.failed_at}
        return {name: at for name, at in instants.items() if at is not None}


def call_truth(placed: Placed) -> CallTruth:
    """Read the truth off a call's endings; a delivery outweighs a failure."""
    delivered = _first(report for report in placed.reports if _is_delivery(report))
    failed = _first(report for report in placed.reports if _group(report) in _FAILED_GROUPS)
    return CallTruth(
        message_id=placed.call.message_id,
        bulk_id=placed.call.bulk_id,
        sent_at=placed.sent_at,
        delivered_at=delivered,
        answered_at=_first(report for report in placed.reports if _is_delivery(report) and _is_answered(report)),
        failed_at=failed,
        outcome="delivered" if delivered is not None else "pending" if failed is None else "failed",
    )


def _group(report: CallReport) -> int | None:
    return None if report.ending is None else report.ending.status.group_id


def _is_delivery(report: CallReport) -> bool:
    ending = report.ending
    return (
        ending is not None and ending.status.group_id == DELIVERED_GROUP and ending.status.id != DELIVERED_TO_OPERATOR
    )


def _is_answered(report: CallReport) -> bool:
    return report.ending is not None and report.ending.answered_by is not None


def _first(found: Iterator[CallReport]) -> float | None:
    return next((report.at for report in found), None)
