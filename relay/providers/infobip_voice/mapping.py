"""Infobip's codes in the relay's words: which row of the tables speaks, and what it says. The tables: tables.py."""

from collections.abc import Mapping
from typing import NamedTuple

from relay.core.model import Category, Outcome, Reason
from relay.providers.infobip_voice.tables import (
    ERROR_IDS,
    ERRORS,
    GROUP_IDS,
    GROUPS,
    NO_ERROR,
    STATUS_IDS,
    STATUSES,
    CallOutcome,
    ErrorRow,
    Group,
    StatusRow,
)
from relay.providers.infobip_voice.wire import Codes, VoiceReport, read_instant

ANSWERED = frozenset({CallOutcome.ANSWERED, CallOutcome.MACHINE})
_OF_CATEGORY: Mapping[Category | None, CallOutcome] = {
    Category.NO_ANSWER: CallOutcome.NO_ANSWER,
    Category.BUSY: CallOutcome.BUSY,
    Category.DECLINED: CallOutcome.DECLINED,
    Category.UNAVAILABLE: CallOutcome.UNAVAILABLE,
}


class Rows(NamedTuple):
    """What the tables know of a report's codes; None where they know nothing."""

    group: Group | None
    status: StatusRow | None
    error: ErrorRow | None


def rows_of(report: VoiceReport) -> Rows:
    """Return the rows that speak for a report.

    A status is known by its name; by its id where the name is not known and the id has one meaning. Its group by the
    group's id, else by its name, else by the status's own row. An error by its id, else by its name, which is not
    always spelt the same.
    """
    status, error = report.status, report.error
    row = STATUSES.get((status.get("name") or "").upper()) or STATUS_IDS.get(status.get("id"))
    return Rows(group=_group_of(status, row), status=row, error=None if error is None else _error_row(error))


def _error_row(error: Codes) -> ErrorRow | None:
    return ERROR_IDS.get(error.get("id")) or ERRORS.get((error.get("name") or "").upper())


def _group_of(status: Codes, row: StatusRow | None) -> Group | None:
    group_id, name = status.get("groupId"), (status.get("groupName") or "").upper()
    if group_id in GROUP_IDS:
        return GROUP_IDS[group_id]
    if group_id is None and not name:
        return row.group if row else None
    return Group.__members__.get(name)


def outcome_of(rows: Rows) -> Outcome:
    """Return the outcome by the status's group; a call that reached only the operator, or an unknown group, pends.

    A call that a machine took was delivered, also where its status calls it failed.
    """
    if rows.group is None or (rows.status is not None and rows.status.pending):
        return Outcome.PENDING
    outcome = GROUPS[rows.group].outcome
    taken = rows.error is not None and rows.error.call is CallOutcome.MACHINE
    return Outcome.DELIVERED if outcome is Outcome.FAILED and taken else outcome


def call_outcome_of(report: VoiceReport, rows: Rows, outcome: Outcome) -> CallOutcome:
    """Return what became of the call: by the error, else by the status, else by what shows that it was taken."""
    said = _call_outcome(rows.error) or _call_outcome(rows.status)
    if said is None and outcome is Outcome.DELIVERED and _was_taken(report, rows):
        said = CallOutcome.ANSWERED
    if report.answered_by and report.answered_by.upper() == "MACHINE" and said is CallOutcome.ANSWERED:
        return CallOutcome.MACHINE
    return said or (CallOutcome.FAILED if outcome is Outcome.FAILED else CallOutcome.UNKNOWN)


def _call_outcome(row: ErrorRow | StatusRow | None) -> CallOutcome | None:
    return None if row is None else row.call or _OF_CATEGORY.get(row.category)


def _was_taken(report: VoiceReport, rows: Rows) -> bool:
    return rows.error in (None, NO_ERROR) and bool(
        read_instant(report.answer_time) or report.answered_by or report.duration
    )


def reason_of(report: VoiceReport, rows: Rows) -> Reason:
    """Return why a call failed: in the words of the error, else of the status.

    The category of an error that names none, as a success, is the status's. Where nobody knows the error, the status
    speaks only if it names a reason itself: EXPIRED stands on calls that were declined as well as on those that nobody
    took.
    """
    error, row = report.error, rows.error
    own = rows.status.category if rows.status else None
    of_group = GROUPS[rows.group].category if rows.group else None
    if error is None or not _is_given(error):
        return _reason(own or of_group or Category.UNKNOWN, report.status)
    if row is None:
        return _reason(own or Category.UNKNOWN, error)
    return _reason(row.category or own or of_group or Category.UNKNOWN, error)


def _is_given(error: Codes) -> bool:
    return bool(error.get("id")) or (error.get("id") is None and bool(error.get("name")))


def _reason(category: Category, codes: Codes) -> Reason:
    code = codes.get("id")
    return Reason(
        category=category,
        code=None if code is None else str(code),
        name=codes.get("name"),
        description=codes.get("description"),
        permanent=codes.get("permanent"),
    )


def unmapped_in(report: VoiceReport, rows: Rows) -> tuple[str, ...]:
    """Return the names of the fields whose codes stand in no table."""
    names = [] if rows.group else ["status.groupId"]
    if rows.status is None:
        names.append("status.id")
    if rows.error is None and report.error is not None and _is_given(report.error):
        names.append("error.id")
    return tuple(names)
