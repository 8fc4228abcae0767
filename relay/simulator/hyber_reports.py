"""Writes GMS Hyber's delivery reports, simple and detailed, of a message at an instant; pure."""

from collections.abc import Sequence
from typing import Any

from relay.simulator.messages import DELIVERED, FAILED, PENDING, PLATFORM, Happening, Sent, Step


def simple_report(sent: Sent, now: float) -> dict[str, Any]:
    """Give the body of `/simple`: the one report that stands for the whole message."""
    known = sent.known_at(now)
    return _report(sent, _representative(sent, known)) | _clicks(sent, known)


def detailed_report(sent: Sent, now: float) -> dict[str, Any]:
    """Give the body of `/advanced`: a report for each channel tried, the plan, and how far the message got."""
    known = sent.known_at(now)
    conclusion = _conclusion(known)
    return {
        "reports": [_report(sent, happening) for happening in _latest_per_channel(known)],
        "started": bool(known),
        "processing": bool(known) and conclusion is None,
        "delivered_via": PLATFORM if conclusion is None else conclusion.step.channel,
        **_clicks(sent, known),
        "channels": [{"channel": channel.channel, "ttl": channel.ttl} for channel in sent.channels],
    }


def _representative(sent: Sent, known: Sequence[Happening]) -> Happening:
    conclusion = _conclusion(known)
    if conclusion is not None:
        return conclusion
    if known and known[-1].step.status != FAILED:
        return known[-1]
    # Nothing yet, or between a channel that failed and the next: no final status of the message, hence -1.
    at = known[-1].at if known else sent.sent_at
    return Happening(at=at, step=Step(after_seconds=0, channel=PLATFORM, status=PENDING), conclusive=False)


def _conclusion(known: Sequence[Happening]) -> Happening | None:
    return next((happening for happening in reversed(known) if happening.conclusive), None)


def _latest_per_channel(known: Sequence[Happening]) -> list[Happening]:
    latest = {happening.step.channel: happening for happening in known}
    if len(latest) > 1 and PLATFORM in latest and latest[PLATFORM].step.status == PENDING:
        del latest[PLATFORM]
    return list(latest.values())


def _clicks(sent: Sent, known: Sequence[Happening]) -> dict[str, int]:
    if sent.message.clicks is None:
        return {}
    arrived = any(happening.step.status == DELIVERED for happening in known)
    return {"clicks": sent.message.clicks if arrived else 0}


def _report(sent: Sent, happening: Happening) -> dict[str, Any]:
    step = happening.step
    fields = {
        "phone_number": sent.message.phone_number,
        "message_id": sent.message.message_id,
        "extra_id": sent.message.extra_id,
        "time": round(happening.at * 1000),
        "last_partner": step.channel,
        "status": step.status,
        "substatus": step.substatus,
        "hyber_status": step.hyber_status,
        "total_sms_parts": step.total_sms_parts,
        "delivered_sms_parts": step.delivered_sms_parts,
        "matching_template_id": step.matching_template_id,
    }
    return {name: value for name, value in fields.items() if value is not None}
