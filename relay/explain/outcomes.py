"""What was published, what is stored and what a provider said, on the timeline."""

from collections.abc import Mapping
from typing import Any

from relay.contracts.instants import format_instant
from relay.core.masking import Recipients, shown_recipient
from relay.core.model import Engagement, Json, MessageState, Reason, Report
from relay.core.standing import Standing, outcome_event, standing, was_published
from relay.explain.answers import Answer
from relay.explain.entries import Entry, Found, Kind, counted, joined, shown
from relay.slot.codec import UnreadableInternal

_STANDINGS: Mapping[Standing, str] = {
    Standing.PENDING: "pending",
    Standing.FAILED_INFERRED: "failed (inferred)",
    Standing.FAILED: "failed",
    Standing.DELIVERED_INFERRED: "delivered (inferred)",
    Standing.DELIVERED: "delivered",
}
_OF_EVENT = (
    "event_id",
    "type",
    "sequence",
    "message_id",
    "extra_id",
    "channel",
    "occurred_at",
    "observed_at",
    "final",
    "inferred",
    "supersedes",
    "reason",
    "request_id",
    "correlation_id",
)


def event_entry(found: Found, event: Json, *, again: bool) -> Entry:
    """Tell of a published event; `again`: a request had it published once more."""
    return Entry(
        at=found.at,
        kind=Kind.EVENT,
        account=event.get("account"),
        text=joined(
            f"{event.get('type')} on {event.get('channel')}",
            "published again" if again else None,
            f"sequence {event.get('sequence')}",
            "inferred" if event.get("inferred") else None,
            _reason(event.get("reason")),
            f"occurred {event.get('occurred_at')}",
            f"observed {event.get('observed_at')}",
            f"supersedes {event['supersedes']}" if event.get("supersedes") else None,
            f"event_id {event.get('event_id')}",
        ),
        details={**{name: event.get(name) for name in _OF_EVENT}, "again": again},
        found=found,
    )


def state_entry(found: Found, account: str, state: MessageState | UnreadableInternal | None) -> Entry:
    """Tell what is stored of the message; None: nothing any more."""
    details: Json = {}
    match state:
        case MessageState():
            text, details = _stored(state), state_json(state)
        case None:
            text = "forgotten"
        case UnreadableInternal():
            text = "can't be read: another release wrote it, or it is damaged"
    return Entry(at=found.at, kind=Kind.STATE, account=account, text=text, details=details, found=found)


def _stored(state: MessageState) -> str:
    if state.became:
        return joined(f"extra_id {state.extra_id} is message {state.became}")
    return joined(
        standing_of(state),
        f"expires {shown(state.expires_at)}",
        f"{counted(len(state.published), 'event')} published" if state.published else None,
    )


def state_json(state: MessageState) -> Json:
    """Return the state as plain JSON values; no whole phone number."""
    return {
        "outcome": "moved" if state.became else standing_of(state),
        "message_id": state.message_id,
        "extra_id": state.extra_id,
        "bulk_id": state.bulk_id,
        "recipient": shown_recipient(state.recipient, Recipients.MASKED),
        "channels": list(state.channels),
        "detail": state.detail,
        "follow": state.follow,
        "once": state.once,
        "anchor_at": shown(state.anchor_at),
        "expires_at": shown(state.expires_at),
        "requested_at": shown(state.requested_at),
        "request_id": state.request_id,
        "correlation_id": state.correlation_id,
        "became": state.became,
        "published": [
            {
                "type": event.type.value,
                "sequence": event.sequence,
                "inferred": event.inferred,
                "event_id": event.event_id,
            }
            for event in state.published
        ],
    }


def standing_of(state: MessageState) -> str:
    """Say in words how far the message has come, such as `delivered and answered` or `failed (busy, code 5001)`."""
    said = _STANDINGS[standing(state)]
    held = outcome_event(state)
    if held is not None and held.reason is not None:
        said = f"{said}: {_reason_words(held.reason)}"
    return " and ".join([said, *(each.value for each in Engagement if was_published(state, each))])


def answer_entry(answer: Answer) -> Entry:
    """Tell of a kept answer that carries the message: the drain, and what it said, in the relay's words."""
    part = answer.part
    return Entry(
        at=part.answered_at,
        kind=Kind.RESPONSE,
        account=part.account,
        text=joined(
            f"drain {part.response_id}: HTTP {part.status}",
            None if answer.count is None else counted(answer.count, "report"),
            *(f"of this message: {_report_words(report)}" for report in answer.reports),
            answer.problem,
            f"asked {format_instant(part.asked_at)}",
            part.url,
        ),
        details={**answer_json(answer), "reports": [_report_json(report) for report in answer.reports]},
        found=answer.found,
    )


def answer_json(answer: Answer) -> Json:
    """Return what is told of every kept answer as plain JSON values."""
    part = answer.part
    return {
        "drain_id": part.response_id,
        "status": part.status,
        "url": part.url,
        "asked_at": format_instant(part.asked_at),
        "answered_at": format_instant(part.answered_at),
        "parts": part.parts,
        "count": answer.count,
        "problem": answer.problem,
    }


def _report_json(report: Report) -> Json:
    return {
        "outcome": report.outcome.value,
        "engagements": sorted(each.value for each in report.engagements),
        "occurred_at": shown(report.occurred_at),
        "reason": None if report.reason is None else {"category": report.reason.category, "code": report.reason.code},
        "call_outcome": (report.call or {}).get("outcome"),
        "bulk_id": report.bulk_id,
        "unmapped": list(report.unmapped),
    }


def _report_words(report: Report) -> str:
    said = " and ".join([report.outcome.value, *sorted(each.value for each in report.engagements)])
    call = (report.call or {}).get("outcome")
    reason = "" if report.reason is None else f" ({_reason_words(report.reason)})"
    return f"{said}{reason}" + (f", call {call}" if call else "")


def _reason_words(reason: Reason) -> str:
    return f"{reason.category}, code {reason.code}" if reason.code else str(reason.category)


def _reason(reason: Any) -> str | None:
    if not isinstance(reason, dict):
        return None
    return f"reason {_reason_words(Reason(category=reason.get('category', ''), code=reason.get('code')))}"
