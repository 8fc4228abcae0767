"""The reports of the simulated Infobip against the samples of its documentation and what production showed."""

import xml.etree.ElementTree as ET
from datetime import datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd, VoiceCall, reports_of
from relay.simulator.infobip_endings import Family, ended
from relay.simulator.infobip_reports import Style, flat_report, log_entry, nested_report
from tests.simulator.calling import a_call, a_simulator, got, got_xml

SENT_AT = datetime.fromisoformat("2015-02-12T09:58:20.323+01:00").timestamp()
STATUS: dict[str, Any] = {
    "id": 5,
    "groupId": 3,
    "groupName": "DELIVERED",
    "name": "DELIVERED_TO_HANDSET",
    "description": "Message delivered to handset",
}
ERROR: dict[str, Any] = {
    "groupId": 0,
    "groupName": "OK",
    "id": 5000,
    "name": "VOICE_ANSWERED",
    "description": "Call answered by human",
    "permanent": True,
}
FIRST: dict[str, Any] = {
    "bulkId": "80664c0c-e1ca-414d-806a-5caf146463df",
    "messageId": "bcfb828b-7df9-4e7b-8715-f34f5c61271a",
    "to": "38598111",
    "sentAt": "2015-02-12T09:58:20.323+0100",
    "doneAt": "2015-02-12T09:58:20.337+0100",
    "duration": 10,
    "mccMnc": "21901",
    "dtmfCodes": "1",
    "price": {"pricePerSecond": 0.01, "currency": "EUR"},
    "status": STATUS,
    "error": ERROR,
}
SECOND: dict[str, Any] = {
    "bulkId": "08fe4407-c48f-4d4b-a2f4-9ff583c985b8",
    "messageId": "12db39c3-7822-4e72-a3ec-c87442c0ffc5",
    "to": "385981112",
    "sentAt": "2015-02-12T09:58:20.345+0100",
    "doneAt": "2015-02-12T09:58:20.350+0100",
    "duration": 10,
    "dtmfCodes": "1",
    "price": {"pricePerSecond": 0.01, "currency": "EUR"},
    "status": STATUS,
    "error": ERROR,
}


def the_documented_calls() -> list[VoiceCall]:
    """Build the two calls of the documentation's sample, of which the second has no `mccMnc`."""
    return [
        VoiceCall(
            message_id=FIRST["messageId"],
            bulk_id=FIRST["bulkId"],
            phone_number="38598111",
            sent_at=SENT_AT,
            endings=(ended(0.014, CallEnd.ANSWERED, dtmf="1"),),
        ),
        VoiceCall(
            message_id=SECOND["messageId"],
            bulk_id=SECOND["bulkId"],
            phone_number="385981112",
            sent_at=SENT_AT + 0.022,
            mcc_mnc=None,
            endings=(ended(0.005, CallEnd.ANSWERED, dtmf="1"),),
        ),
    ]


def as_data(element: ET.Element) -> Any:
    """Turn an element into nested dictionaries of texts."""
    return {child.tag: as_data(child) for child in element} if len(element) else element.text


def as_texts(value: Any) -> Any:
    """Turn a report of JSON into what its XML twin says."""
    match value:
        case dict():
            return {key.replace("PerSecond", "PerMessage"): as_texts(inner) for key, inner in value.items()}
        case bool():
            return str(value).lower()
        case _:
            return str(value)


async def test_json_equals_the_documented_sample(client: aiohttp.ClientSession) -> None:
    """Two reports, field by field, in the fields and with the offset of the 2015 page."""
    site = InfobipSite(edition=2015, offset_minutes=60)
    async with a_simulator(*the_documented_calls(), infobip=site, clock=lambda: SENT_AT + 60) as simulator:
        assert await got(client, simulator, "/tts/3/reports?limit=2") == (200, {"results": [FIRST, SECOND]})


@pytest.mark.parametrize("layout", ["result", "results"])
async def test_xml_equals_the_documented_sample(client: aiohttp.ClientSession, layout: Any) -> None:
    """The same in XML, whose price the page calls per message, in either layout."""
    site = InfobipSite(edition=2015, offset_minutes=60, xml_layout=layout)
    async with a_simulator(*the_documented_calls(), infobip=site, clock=lambda: SENT_AT + 60) as simulator:
        status, root = await got_xml(client, simulator)
        assert (status, root.tag, [child.tag for child in root]) == (200, "reportResponse", ["results"])
        assert [child.tag for child in root[0]] == [layout, layout]
        assert [as_data(child) for child in root[0]] == [as_texts(FIRST), as_texts(SECOND)]


def the_report(end: CallEnd, family: Family = "5xxx", **options: Any) -> Any:
    """Make the one report of a call that ended so, twenty seconds after it was sent."""
    call = a_call("c-1", ended(20, end, family=family), **options)
    (report,) = reports_of(call, sent_at=1000.25, speed=1)
    return report


def test_flat_report_since_2018_has_the_instants_of_an_answered_call() -> None:
    """The call's start is in whole seconds, before `sentAt`, as in production; dates have offsets without colon."""
    report = flat_report(the_report(CallEnd.ANSWERED, callback_data="null"), Style())
    assert {key: report[key] for key in ("sentAt", "doneAt", "startTime", "answerTime", "endTime", "callbackData")} == {
        "sentAt": "1970-01-01T00:16:40.250+0000",
        "doneAt": "1970-01-01T00:17:00.250+0000",
        "startTime": "1970-01-01T00:16:40.000+0000",
        "answerTime": "1970-01-01T00:16:50.250+0000",
        "endTime": "1970-01-01T00:17:00.250+0000",
        "callbackData": "null",
    }
    assert flat_report(the_report(CallEnd.ANSWERED), Style(offset_minutes=-210))["sentAt"].endswith("20:46:40.250-0330")


def test_an_unanswered_call_has_no_instants_and_null_key_presses() -> None:
    """Nothing of the call itself is known where nobody answered."""
    report = flat_report(the_report(CallEnd.NO_ANSWER), Style())
    nulls = ("startTime", "answerTime", "endTime", "fileDuration", "dtmfCodes")
    assert [report[key] for key in nulls] == [None] * 5
    assert report["duration"] == 0


def test_nested_report_keeps_the_call_apart_and_has_no_done_at() -> None:
    """The successor's shape: `voiceCall` with charged duration and who answered, `from`, no `doneAt`."""
    report = nested_report(the_report(CallEnd.MACHINE, bulk_id="b-1", callback_data="data"), Style())
    assert list(report) == [
        *("bulkId", "messageId", "from", "to", "sentAt", "mccMnc", "callbackData"),
        *("voiceCall", "price", "status", "error"),
    ]
    assert report["voiceCall"] == {
        "feature": "Voice Message",
        "startTime": "1970-01-01T00:16:40.000+0000",
        "answerTime": "1970-01-01T00:16:50.250+0000",
        "endTime": "1970-01-01T00:17:00.250+0000",
        "duration": 10,
        "chargedDuration": 60,
        "fileDuration": 10.2,
        "dtmfCodes": "",
        "ivr": None,
        "direction": "OUTBOUND",
        "answeredBy": "MACHINE",
    }


def test_log_entry_has_the_verdict_but_nothing_of_the_call_itself() -> None:
    """The log tells status, error, price and duration; key presses and the call's instants it does not."""
    entry = log_entry(the_report(CallEnd.BUSY, bulk_id="b-1"), Style())
    assert list(entry) == [
        *("bulkId", "messageId", "from", "to", "sentAt", "doneAt", "duration"),
        *("mccMnc", "price", "status", "error"),
    ]


@pytest.mark.parametrize(
    ("end", "family", "verdict"),
    [
        (CallEnd.ANSWERED, "5xxx", (3, 5, 5000)),
        (CallEnd.MACHINE, "5xxx", (3, 5, 5001)),
        (CallEnd.NO_ANSWER, "5xxx", (4, 15, 5003)),
        (CallEnd.BUSY, "5xxx", (4, 15, 5002)),
        (CallEnd.DECLINED, "5xxx", (4, 15, 5603)),
        (CallEnd.UNAVAILABLE, "5xxx", (4, 15, 5480)),
        (CallEnd.CANCELED, "5xxx", (4, 15, 5487)),
        (CallEnd.REJECTED, "5xxx", (5, 6, 5403)),
        (CallEnd.ANSWERED, "10xxx", (3, 5, 10000)),
        (CallEnd.MACHINE, "10xxx", (3, 5, 10002)),
        (CallEnd.NO_ANSWER, "10xxx", (2, 96, 10200)),
        (CallEnd.BUSY, "10xxx", (2, 97, 10201)),
        (CallEnd.DECLINED, "10xxx", (5, 99, 10203)),
        (CallEnd.UNAVAILABLE, "10xxx", (2, 9, 10204)),
        (CallEnd.CANCELED, "10xxx", (2, 98, 10202)),
        (CallEnd.REJECTED, "10xxx", (5, 6, 10300)),
    ],
)
def test_every_end_has_its_codes(end: CallEnd, family: Family, verdict: tuple[int, int, int]) -> None:
    """Status group, status and error stand as in production, of either family of errors."""
    report = flat_report(the_report(end, family), Style())
    assert (report["status"]["groupId"], report["status"]["id"], report["error"]["id"]) == verdict


def test_what_a_call_lacks_is_left_out() -> None:
    """No bulk, network or price means no such fields."""
    report = flat_report(the_report(CallEnd.ANSWERED, mcc_mnc=None, price=None), Style())
    assert {"bulkId", "mccMnc", "price", "callbackData"}.isdisjoint(report)


async def test_texts_and_prices_survive_both_formats(client: aiohttp.ClientSession) -> None:
    """Markup and letters of any script come back, a price keeps its digits, and no character breaks the XML."""
    text = "дзвінок <&\"'> 📞 ]]>"
    calls = [a_call(name, callback_data=text, price=Decimal("0.0150")) for name in ("a", "b")]
    async with a_simulator(*calls, a_call("c", callback_data="\x00\x0b")) as simulator:
        async with client.get(f"{simulator.url}/tts/3/reports?limit=1") as response:
            body = await response.read()
            assert b'"pricePerSecond":0.0150' in body
            assert (await response.json())["results"][0]["callbackData"] == text
        _, root = await got_xml(client, simulator)
        assert root.findtext("results/result/callbackData") == text
        assert root.findtext("results/result/price/pricePerSecond") == "0.0150"
        assert root.findtext("results/result[2]/callbackData") == "��"
