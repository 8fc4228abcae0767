"""Writes a call's report in the shapes of Infobip's endpoints: flat for `/tts/3`, nested for `/voice/1`, and the log's.

Gives plain dictionaries in the documented order of fields; what is absent is left out, what is null is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from math import ceil
from typing import Any, Final, Literal

from relay.simulator.infobip_calls import CallReport, Error, Status
from relay.simulator.infobip_endings import ENROUTE, NO_ERROR

Edition = Literal[2015, 2018]
OLDEST_EDITION: Final = 2015


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How reports are written: the fields of the 2015 page or those of the API since 2018, and the offset of dates."""

    edition: Edition = 2018
    offset_minutes: int = 0
    price_name: str = "pricePerSecond"

    def date(self, at: float) -> str:
        """Write an instant with milliseconds and an offset without colon."""
        seconds, milliseconds = divmod(round(at * 1000), 1000)
        date, offset = _second(seconds, self.offset_minutes)
        return f"{date}.{milliseconds:03}{offset}"


@lru_cache(maxsize=4096)  # a date is half the cost of a page, and the calls of a page share their seconds
def _second(seconds: int, offset_minutes: int) -> tuple[str, str]:
    instant = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=offset_minutes)))
    return instant.strftime("%Y-%m-%dT%H:%M:%S"), instant.strftime("%z")


def flat_report(report: CallReport, style: Style) -> dict[str, Any]:
    """Write the report of `/tts/3/reports`."""
    ending, call = report.ending, report.call
    newer: dict[str, Any] = {}
    if style.edition > OLDEST_EDITION:
        newer = {**_instants(report, style), "fileDuration": _file_seconds(report), **_callback_data(report)}
    return {
        **_ids(report),
        "to": call.phone_number,
        "sentAt": style.date(report.sent_at),
        "doneAt": style.date(report.at),
        **newer,
        "duration": 0 if ending is None else ending.duration_seconds,
        **_mcc_mnc(report),
        "dtmfCodes": None if ending is None else ending.dtmf,
        **_price(report, style),
        **_verdict(report),
    }


def nested_report(report: CallReport, style: Style) -> dict[str, Any]:
    """Write the report of `/voice/1/reports`, which has no `doneAt`."""
    return {
        **_ids(report),
        "from": report.call.caller,
        "to": report.call.phone_number,
        "sentAt": style.date(report.sent_at),
        **_mcc_mnc(report),
        **_callback_data(report),
        "voiceCall": _voice_call(report, style),
        **_price(report, style),
        **_verdict(report),
    }


def log_entry(report: CallReport, style: Style) -> dict[str, Any]:
    """Write the entry of `/tts/3/logs`, which tells of pending calls, too, and of no key presses."""
    pending = report.ending is None
    return {
        **_ids(report),
        "from": report.call.caller,
        "to": report.call.phone_number,
        "sentAt": style.date(report.sent_at),
        "doneAt": None if pending else style.date(report.at),
        "duration": 0 if report.ending is None else report.ending.duration_seconds,
        **_mcc_mnc(report),
        **_price(report, style),
        **_verdict(report),
    }


def _voice_call(report: CallReport, style: Style) -> dict[str, Any]:
    ending = report.ending
    seconds = 0 if ending is None else ending.duration_seconds
    return {
        "feature": "Voice Message",
        **_instants(report, style),
        "duration": seconds,
        "chargedDuration": 60 * ceil(seconds / 60),
        "fileDuration": _file_seconds(report),
        "dtmfCodes": None if ending is None else ending.dtmf,
        "ivr": None,
        "direction": "OUTBOUND",
        "answeredBy": None if ending is None else ending.answered_by,
    }


def _instants(report: CallReport, style: Style) -> dict[str, str | None]:
    ending = report.ending
    if ending is None or ending.answered_by is None:
        return {"startTime": None, "answerTime": None, "endTime": None}
    life_seconds = report.at - report.sent_at
    talk_seconds = min(ending.duration_seconds, life_seconds)
    start_at = float(int(report.sent_at))  # whole seconds, so a little before `sentAt`, as in production
    return {
        "startTime": style.date(start_at),
        "answerTime": style.date(report.at - talk_seconds),
        "endTime": style.date(report.at),
    }


def _file_seconds(report: CallReport) -> float | None:
    ending = report.ending
    return None if ending is None or ending.answered_by is None else ending.duration_seconds + 0.2


def _ids(report: CallReport) -> dict[str, str]:
    ids = {"messageId": report.call.message_id}
    return ids if report.call.bulk_id is None else {"bulkId": report.call.bulk_id, **ids}


def _mcc_mnc(report: CallReport) -> dict[str, str]:
    return {} if report.call.mcc_mnc is None else {"mccMnc": report.call.mcc_mnc}


def _callback_data(report: CallReport) -> dict[str, str]:
    return {} if report.call.callback_data is None else {"callbackData": report.call.callback_data}


def _price(report: CallReport, style: Style) -> Mapping[str, Any]:
    call = report.call
    return {} if call.price is None else {"price": {style.price_name: call.price, "currency": call.currency}}


def _verdict(report: CallReport) -> dict[str, Any]:
    ending = report.ending
    status, error = (ENROUTE, NO_ERROR) if ending is None else (ending.status, ending.error)
    return {"status": _code(status), "error": {**_code(error), "permanent": error.permanent}}


def _code(code: Status | Error) -> dict[str, Any]:
    return {
        "groupId": code.group_id,
        "groupName": code.group_name,
        "id": code.id,
        "name": code.name,
        "description": code.description,
    }
