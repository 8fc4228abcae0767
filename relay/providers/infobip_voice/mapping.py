"""Infobip's codes in the relay's words: which row of the tables speaks, and what it says. The tables: tables.py."""

from collections.abc import Mapping

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
from relay.providers.infobip_voice.wire import Codes, VoiceReport

ANSWERED = frozenset({CallOutcome.ANSWERED, CallOutcome.MACHINE})
_OF_CATEGORY: Mapping[Category | None, CallOutcome] = {
    Category.NO_ANSWER: CallOutcome.NO_ANSWER,
    Category.BUSY: CallOutcome.BUSY,
    Category.DECLINED: CallOutcome.DECLINED,
    Category.UNAVAILABLE: CallOutcome.UNAVAILABLE,
}


def outcome_of(status: Codes) -> Outcome:
    """Return the outcome by the status's group; a call that reached only the operator, or an unknown group, pends."""
    row, group = status_row(status), group_of(status)
    if group is None or (row is not None and row.pending):
        return Outcome.PENDING
    return GROUPS[group].outcome


def group_of(status: Codes) -> Group | None:
    """Return the group by its id, else by its name, else by the status's own row."""
    if status.group_id in GROUP_IDS:
        return GROUP_IDS[status.group_id]
    name = (status.group_name or "").upper()
    if name in Group.__members__:
        return Group[name]
    if status.group_id is None and not name:
        row = status_row(status)
        return row.group if row else None
    return None


def status_row(status: Codes) -> StatusRow | None:
    """Return the row of a status by its name; by its id where the name is not known and the id has one meaning."""
    return STATUSES.get((status.name or "").upper()) or STATUS_IDS.get(status.id)


def error_row(error: Codes | None) -> ErrorRow | None:
    """Return the row of an error by its id, else by its name, which is not always spelt the same."""
    if error is None:
        return None
    return ERROR_IDS.get(error.id) or ERRORS.get((error.name or "").upper())


def call_outcome_of(report: VoiceReport) -> CallOutcome:
    """Return what became of the call: by the error, else by the status, else by what shows that it was taken."""
    error, status = error_row(report.error), status_row(report.status)
    outcome = outcome_of(report.status)
    said = _call_outcome(error) or _call_outcome(status)
    if said is None and outcome is Outcome.DELIVERED and _was_taken(report):
        said = CallOutcome.ANSWERED
    if said is CallOutcome.ANSWERED and (report.answered_by or "").upper() == "MACHINE":
        return CallOutcome.MACHINE
    return said or (CallOutcome.FAILED if outcome is Outcome.FAILED else CallOutcome.UNKNOWN)


def _call_outcome(row: ErrorRow | StatusRow | None) -> CallOutcome | None:
    return None if row is None else row.call or _OF_CATEGORY.get(row.category)


def _was_taken(report: VoiceReport) -> bool:
    return error_row(report.error) in (None, NO_ERROR) and bool(
        report.answer_time or report.answered_by or report.duration
    )


def reason_of(report: VoiceReport) -> Reason:
    """Return why a call failed, by the error, else by the status.

    Where an error is given that nobody knows, the status speaks only if it names a reason itself: EXPIRED stands on
    calls that were declined as well as on those that nobody took.
    """
    error, status = report.error, report.status
    row = error_row(error)
    if error is not None and _is_given(error) and (row is None or row.category is not None):
        category = (row.category if row else _own_category(status)) or Category.UNKNOWN
        return _reason(category, error)
    group = group_of(status)
    return _reason(_own_category(status) or (GROUPS[group].category if group else None) or Category.UNKNOWN, status)


def _is_given(error: Codes) -> bool:
    return bool(error.id) or bool(error.id is None and error.name)


def _own_category(status: Codes) -> Category | None:
    row = status_row(status)
    return row.category if row else None


def _reason(category: Category, codes: Codes) -> Reason:
    code = None if codes.id is None else str(codes.id)
    return Reason(
        category=category, code=code, name=codes.name, description=codes.description, permanent=codes.permanent
    )


def unmapped_in(report: VoiceReport) -> tuple[str, ...]:
    """Return the names of the fields whose codes stand in no table."""
    status, error = report.status, report.error
    names = [] if group_of(status) else ["status.groupId"]
    if status_row(status) is None:
        names.append("status.id")
    if error is not None and _is_given(error) and error_row(error) is None:
        names.append("error.id")
    return tuple(names)
