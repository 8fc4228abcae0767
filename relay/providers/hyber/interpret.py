"""Hyber's answers as the relay's reports: the simple, the advanced and the error bodies."""

from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from relay.core.items import Answered
from relay.core.model import Attempt, Engagement, Lookup, Outcome, Report, SmsParts
from relay.lookups.http import HttpResponse
from relay.lookups.reading import Garbled
from relay.providers.hyber.mapping import channel_of, instant_of, outcome_of, reason_of, unmapped_in
from relay.providers.hyber.settings import HyberAccount
from relay.providers.hyber.wire import HyberAnswer, HyberReport, validator_of

CLIENT_ERRORS = 400
_ADVANCED = frozenset({"reports", "channels", "started", "processing"})
_ERROR = frozenset({"error_code", "error_text"})
_PENDING, _DELIVERED, _FAILED = Outcome.PENDING, Outcome.DELIVERED, Outcome.FAILED
_SEEN, _NONE = frozenset({Engagement.SEEN}), frozenset[Engagement]()


def interpret(response: HttpResponse, lookup: Lookup, _now: datetime, account: HyberAccount) -> Answered:
    """Return what a response says of the message.

    An error body, whatever its HTTP status, is no report (yet): right after sending it means "too early", later that
    Hyber does not know the id; either way the message stays pending.

    Raises:
        Garbled: the body is not what Hyber's documents promise, or speaks of another message.

    """
    if response.status >= CLIENT_ERRORS:
        return Answered(report=None, found=False)
    seen = account.codes.seen_substatus
    try:
        answer: HyberAnswer = validator_of(HyberAnswer).validate_json(response.body)
        if not _ADVANCED.isdisjoint(answer):
            return Answered(report=_advanced(answer, lookup, seen))
        if "status" not in answer and not _ERROR.isdisjoint(answer):
            return Answered(report=None, found=False)
        report: HyberReport = validator_of(HyberReport).validate_json(response.body)
    except ValidationError as error:
        raise Garbled(_where(error)) from None
    _check_ids([report], lookup)
    return Answered(report=_report(report, seen, outcome=outcome_of(report), clicks=report["clicks"], one_channel=True))


def _where(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["loc"]:
        return f"field {'.'.join(map(str, first['loc']))}: {first['type']}"
    return "the body is not JSON" if first["type"] == "json_invalid" else "the body is not a JSON object"


def _check_ids(reports: list[HyberReport], lookup: Lookup) -> None:
    name: Literal["message_id", "extra_id"] = "message_id" if lookup.message_id else "extra_id"
    asked = lookup.message_id or lookup.extra_id
    for report in reports:
        given = report.get(name)
        if given and given != asked and asked is not None and given.casefold() != asked.casefold():
            raise Garbled(f"the report is about another {name}")


def _advanced(answer: HyberAnswer, lookup: Lookup, seen: tuple[int, ...]) -> Report:
    reports = answer.get("reports", [])
    _check_ids(reports, lookup)
    outcomes = list(map(outcome_of, reports))
    outcome, chosen = _chosen(answer, reports, outcomes, seen)
    if chosen is None:
        return Report(outcome=_PENDING, channel="unknown", occurred_at=None)
    attempts = tuple(map(_attempt, reports, outcomes)) if outcome is not _PENDING else ()  # nothing is published yet
    unmapped = tuple(name for report in reports for name in unmapped_in(report, seen))
    clicks = answer["clicks"] if answer["clicks"] is not None else chosen["clicks"]
    return _report(chosen, seen, outcome=outcome, clicks=clicks, attempts=attempts, unmapped=unmapped)


def _attempt(report: HyberReport, outcome: Outcome) -> Attempt:
    return Attempt(
        channel=channel_of(report),
        status=outcome,
        occurred_at=instant_of(report["time"]),
        reason=reason_of(report) if outcome is _FAILED else None,
    )


def _chosen(
    answer: HyberAnswer, reports: list[HyberReport], outcomes: list[Outcome], seen: tuple[int, ...]
) -> tuple[Outcome, HyberReport | None]:
    """Return the outcome over all channels, and the report that shows it; `outcomes`: those of the reports."""
    delivered = [one for one, outcome in zip(reports, outcomes, strict=True) if outcome is _DELIVERED]
    if len(delivered) == 1:
        return _DELIVERED, delivered[0]
    if delivered:
        via = (answer["delivered_via"] or "").lower()
        return _DELIVERED, max(delivered, key=lambda report: (report["substatus"] in seen, channel_of(report) == via))
    if not reports:
        return _PENDING, None
    if all(outcome is _FAILED for outcome in outcomes) and _ended(answer, reports):
        return _FAILED, reports[-1]
    return _PENDING, reports[-1]


def _ended(answer: HyberAnswer, reports: list[HyberReport]) -> bool:
    """Tell whether no channel may deliver any more: Hyber says so, or it says nothing and every channel was tried."""
    started, processing = answer.get("started"), answer.get("processing")
    if processing is not None:
        return not processing and started is not False
    tried = set(map(channel_of, reports))
    return started is not False and all(one["channel"].lower() in tried for one in answer.get("channels", []))


def _report(
    report: HyberReport,
    seen: tuple[int, ...],
    *,
    outcome: Outcome,
    clicks: int | None,
    attempts: tuple[Attempt, ...] = (),
    unmapped: tuple[str, ...] | None = None,
    one_channel: bool = False,
) -> Report:
    was_seen = outcome is _DELIVERED and report["substatus"] in seen
    total, delivered = report["total_sms_parts"], report["delivered_sms_parts"]
    return Report(
        outcome=outcome,
        channel=channel_of(report),
        occurred_at=instant_of(report["time"]),
        engagements=_SEEN if was_seen else _NONE,
        implied=was_seen,
        one_channel=one_channel,
        message_id=report.get("message_id") or None,
        extra_id=report.get("extra_id") or None,
        recipient=report["phone_number"],
        reason=reason_of(report) if outcome is _FAILED else None,
        attempts=attempts,
        clicks=clicks,
        sms_parts=None if total is None and delivered is None else SmsParts(total=total, delivered=delivered),
        template_id=report["matching_template_id"] or None,
        provider_status={
            "status": report["status"],
            "substatus": report["substatus"],
            "hyber_status": report["hyber_status"],
        },
        unmapped=unmapped_in(report, seen) if unmapped is None else unmapped,
    )
