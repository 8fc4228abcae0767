"""A page of Infobip's voice reports as the relay's reports; a record that can't be read doesn't cost the others."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from pydantic import ValidationError

from relay.contracts.instants import format_instant
from relay.core.model import Engagement, Json, Outcome, Report
from relay.lookups.pages import Page, UnreadableReport
from relay.providers.infobip_voice.json_records import json_records
from relay.providers.infobip_voice.mapping import ANSWERED, call_outcome_of, outcome_of, reason_of, rows_of, unmapped_in
from relay.providers.infobip_voice.settings import InfobipVoiceAccount
from relay.providers.infobip_voice.tables import CallOutcome
from relay.providers.infobip_voice.wire import (
    MOST_RECORDS,
    TOO_MANY,
    Price,
    Record,
    VoiceReport,
    read_instant,
    read_report,
)
from relay.providers.infobip_voice.xml_records import xml_records

CHANNEL = "voice"
_TAKEN, _NOT_TAKEN = frozenset({Engagement.ANSWERED}), frozenset[Engagement]()
_BEFORE_THE_FIRST_SIGN = b"\xef\xbb\xbf \t\r\n"


def read_page(body: bytes, content_type: str | None, _account: InfobipVoiceAccount) -> Page:
    """Return the reports of a page, of the reports' or the log's endpoint, whichever version or form it has.

    Raises:
        Garbled: the body is no collection of reports (relay.lookups.reading).

    """
    reports: list[Report] = []
    unreadable: list[UnreadableReport] = []
    records = _records(body, content_type)
    problem = None
    for value, begun, ended, problem in islice(records, MOST_RECORDS):
        try:
            if problem is None:
                reports.append(report_of(read_report(value)))
                continue
            reason = problem
        except ValidationError as error:
            reason = _where(error)
        unreadable.append(UnreadableReport(body=body[begun:ended], reason=reason))
    for beyond in islice(records, 1):
        problem = TOO_MANY
        unreadable.append(UnreadableReport(body=body[beyond.begun :], reason=problem))
    count = len(reports) + len(unreadable)
    return Page(reports=tuple(reports), unreadable=tuple(unreadable), count=count, broken=problem is not None)


def _records(body: bytes, content_type: str | None) -> Iterator[Record]:
    """Tell the forms apart by their first sign, which says more than a header that a proxy may have written."""
    sign = body[:64].lstrip(_BEFORE_THE_FIRST_SIGN)[:1]
    if sign == b"<" or (sign != b"{" and "xml" in (content_type or "").lower()):
        return xml_records(body)
    return json_records(body)


def _where(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"field {'.'.join(map(str, first['loc']))}: {first['type']}" if first["loc"] else "not an object"


def report_of(report: VoiceReport) -> Report:
    """Return a record in the relay's words."""
    rows = rows_of(report)
    outcome = outcome_of(rows)
    call_outcome = call_outcome_of(report, rows, outcome)
    ended_at = read_instant(report.end_time)
    return Report(
        outcome=outcome,
        channel=CHANNEL,
        occurred_at=read_instant(report.done_at) or ended_at or read_instant(report.sent_at),
        engagements=_TAKEN if call_outcome in ANSWERED and outcome is Outcome.DELIVERED else _NOT_TAKEN,
        message_id=report.message_id,
        bulk_id=report.bulk_id,
        recipient=report.to,
        reason=reason_of(report, rows) if outcome is Outcome.FAILED else None,
        call=_call(report, call_outcome, ended_at),
        price=_price(report.price),
        mcc_mnc=report.mcc_mnc,
        callback_data=None if report.callback_data == "null" else report.callback_data,
        provider_status={"status": report.status, "error": report.error},
        unmapped=unmapped_in(report, rows),
    )


def _call(report: VoiceReport, outcome: CallOutcome, ended_at: datetime | None) -> Json:
    return {
        "outcome": str(outcome),
        "duration_seconds": report.duration,
        "charged_seconds": report.charged_duration,
        "started_at": _instant(read_instant(report.start_time)),
        "answered_at": _instant(read_instant(report.answer_time)),
        "ended_at": _instant(ended_at),
        "dtmf": report.dtmf_codes,
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _price(price: Price | None) -> Json | None:
    """Return a price by the second: so the documents explain `pricePerMessage` of a voice report, too."""
    if price is None:
        return None
    amount = price.price_per_second if price.price_per_second is not None else price.price_per_message
    if amount is None:
        return None
    return {"amount": format(amount, "f"), "currency": price.currency, "per": "second"}
