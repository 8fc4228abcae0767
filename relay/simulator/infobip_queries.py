"""Reads the query strings of Infobip's endpoints; a wrong value is named with its reasons, as the API does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

from relay.simulator.infobip_calls import CallReport
from relay.simulator.infobip_endings import ENROUTE

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 1000
_GENERAL: Final = {"ACCEPTED": "PENDING"}  # a general status that is no group of its own


class InvalidQueryError(Exception):
    """A query that the provider refuses; `reasons` by parameter."""

    def __init__(self, reasons: Mapping[str, list[str]]) -> None:
        super().__init__("the query is refused")
        self.reasons = reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """Which unread reports are wanted."""

    bulk_id: str | None = None
    message_id: str | None = None
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which calls of the log are wanted; instants in epoch seconds, both included."""

    bulk_ids: frozenset[str] = frozenset()
    message_ids: tuple[str, ...] = ()
    sender: str | None = None
    recipient: str | None = None
    general_status: str | None = None
    sent_since: float | None = None
    sent_until: float | None = None
    limit: int = DEFAULT_LIMIT

    def lets_through(self, report: CallReport) -> bool:
        """Tell whether a call is wanted, its instants and message id aside."""
        call = report.call
        status = ENROUTE if report.ending is None else report.ending.status
        return (
            (not self.bulk_ids or call.bulk_id in self.bulk_ids)
            and self.sender in (None, call.caller)
            and self.recipient in (None, call.phone_number)
            and self.general_status in (None, status.group_name)
        )


def report_query(text: str) -> ReportQuery:
    """Read the query of the report endpoints.

    Raises InvalidQueryError.
    """
    values = parse_qs(text)
    return ReportQuery(bulk_id=_last(values, "bulkId"), message_id=_last(values, "messageId"), limit=_limit(values))


def log_query(text: str) -> LogQuery:
    """Read the query of the log; ids may be repeated.

    Raises InvalidQueryError.
    """
    values = parse_qs(text)
    general = _last(values, "generalStatus")
    return LogQuery(
        bulk_ids=frozenset(values.get("bulkId", ())),
        message_ids=tuple(dict.fromkeys(values.get("messageId", ()))),
        sender=_last(values, "from"),
        recipient=_last(values, "to"),
        general_status=None if general is None else _GENERAL.get(general, general),
        sent_since=_instant(values, "sentSince"),
        sent_until=_instant(values, "sentUntil"),
        limit=_limit(values),
    )


def _last(values: Mapping[str, list[str]], name: str) -> str | None:
    return values[name][-1] if name in values else None


def _limit(values: Mapping[str, list[str]]) -> int:
    text = _last(values, "limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (re.fullmatch("[0-9]{1,4}", text) and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidQueryError({"limit": [f"must be a whole number from 1 to {MAX_LIMIT}"]})
    return int(text)


def _instant(values: Mapping[str, list[str]], name: str) -> float | None:
    text = _last(values, name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidQueryError({name: ["must look like 2015-02-12T09:58:20.323+0100, its + encoded as %2B"]}) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
