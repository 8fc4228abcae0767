"""Infobip voice: pages of reports in every form, whole and broken."""

import base64
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from relay.contracts.status_changed import Call, Price
from relay.core.decide import absorb
from relay.core.model import Report
from relay.lookups.pages import UnreadableReport
from relay.lookups.reading import Garbled
from relay.providers.infobip_voice import error_in, read_page
from relay.providers.infobip_voice.wire import CALLBACK_LENGTH, read_instant
from relay.providers.infobip_voice.xml_records import DEEPEST
from relay.slot.publishing import event_value
from tests.builders import NOON, a_state, rules
from tests.infobip_pages import ACCOUNT, a_page, an_item, the_report
from tests.strategies import json_values

CASES = Path(__file__).parent / "cases/infobip_voice"
SITUATIONS = sorted(path.name.removesuffix(".reports.json") for path in CASES.glob("*.reports.json"))
_REPORT = TypeAdapter(Report)


def an_unreadable(expected: dict[str, str]) -> UnreadableReport:
    """Return the unreadable element that an expectation describes."""
    body = base64.b64decode(expected["base64"]) if "base64" in expected else expected["body"].encode()
    return UnreadableReport(body=body, reason=expected["reason"])


@pytest.mark.parametrize("situation", SITUATIONS)
def test_golden_page(situation: str) -> None:
    """The bytes are read as somebody wrote down by hand, whatever the header says of their form."""
    expected = json.loads((CASES / f"{situation}.reports.json").read_bytes())
    (path,) = CASES.glob(f"{situation}.response.*")
    for content_type in (None, "application/json", "application/xml;charset=UTF-8"):
        if "garbled" in expected:
            with pytest.raises(Garbled, match=expected["garbled"]):
                read_page(path.read_bytes(), content_type, ACCOUNT)
            continue
        page = read_page(path.read_bytes(), content_type, ACCOUNT)
        wanted = [_REPORT.validate_json(json.dumps({"channel": "voice", **report})) for report in expected["reports"]]
        assert list(page.reports) == wanted
        assert list(page.unreadable) == [an_unreadable(one) for one in expected["unreadable"]]
        assert page.count == len(wanted) + len(page.unreadable)


def test_golden_pages_have_no_orphans() -> None:
    """Each response has its expectation with provenance, and each expectation its response."""
    names = [path.name for path in CASES.iterdir()]
    assert set(SITUATIONS) == {name.partition(".response.")[0] for name in names if ".response." in name}
    assert all(json.loads((CASES / f"{name}.reports.json").read_bytes())["provenance"] for name in SITUATIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-02-12T09:58:20.323+0100", datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12T09:58:20.323+01:00", datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12T09:58:20.323-0300", datetime(2015, 2, 12, 12, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12T09:58:20Z", datetime(2015, 2, 12, 9, 58, 20, tzinfo=UTC)),
        ("2015-02-12T09:58:20.323", datetime(2015, 2, 12, 9, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12", datetime(2015, 2, 12, tzinfo=UTC)),
        (1423731500323, datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
        ("1423731500323", datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
    ],
)
def test_every_form_of_date(text: object, expected: datetime | None) -> None:
    """Offsets with and without a colon, `Z`, none, a day, epoch milliseconds."""
    assert read_instant(text) == expected


@pytest.mark.parametrize(
    "value",
    ["", "soon", "0001-01-01T00:00+1400", "9999-12-31T23:59-1400", "²", "9" * 5000, None, True, 10**30, -1, [], 1.5],
)
def test_no_instant_is_made_of_nonsense(value: object) -> None:
    """What is no date between 1970 and 2999 is unknown, and never an error."""
    assert read_instant(value) is None


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        ({"pricePerSecond": 0.01}, "0.01"),
        ({"pricePerMessage": "0.010"}, "0.010"),
        ({"pricePerSecond": 0, "pricePerMessage": 5}, "0"),
        ({"pricePerSecond": 1e-7}, "0.0000001"),
        ({"pricePerSecond": "1e300"}, None),
        ({"pricePerSecond": "1e99999999999999999999"}, None),
        ({"pricePerSecond": "Infinity"}, None),
        ({"currency": "EUR"}, None),
    ],
)
def test_prices_are_decimals_by_the_second(price: dict[str, object], amount: str | None) -> None:
    """Both names mean a second, digits stay as they came, and no float is between."""
    shown = the_report(price=price).price
    assert shown == (None if amount is None else {"amount": amount, "currency": price.get("currency"), "per": "second"})


def test_decimals_keep_their_digits() -> None:
    """What a float would round arrives whole."""
    body = b'{"results":[{"messageId":"m","status":{},"price":{"pricePerSecond":0.12345678901234567890}}]}'
    (report,) = read_page(body, None, ACCOUNT).reports
    assert (report.price or {})["amount"] == "0.12345678901234567890"


@pytest.mark.parametrize("message_id", ["", "x" * 257, "a\nb", "a\x7f", None, [], {}, True])
def test_a_record_without_a_usable_id_is_unreadable(message_id: object) -> None:
    """It is told apart with its bytes and the field's name, never with the value; the next record is read."""
    page = read_page(a_page(an_item(messageId=message_id), an_item(messageId=7)), None, ACCOUNT)
    assert [report.message_id for report in page.reports] == ["7"]
    (unreadable,) = page.unreadable
    assert json.loads(unreadable.body)["messageId"] == message_id
    assert unreadable.reason.startswith("field messageId: ")
    assert page.count == 2


def test_a_number_of_thousands_of_digits_costs_one_field() -> None:
    """Python refuses to read such integers; the record and the page come through."""
    body = a_page(an_item(duration=0), an_item(messageId="m-2")).replace(
        b'"duration": 0', b'"duration": ' + b"9" * 5000
    )
    page = read_page(body, None, ACCOUNT)
    assert [report.message_id for report in page.reports] == ["m-1", "m-2"]
    assert (page.reports[0].call or {})["duration_seconds"] is None


def test_long_callback_data_is_kept() -> None:
    """More than may be sent arrives whole; what no event could carry is left out."""
    assert the_report(callbackData="x" * CALLBACK_LENGTH).callback_data == "x" * CALLBACK_LENGTH
    assert the_report(callbackData="x" * (CALLBACK_LENGTH + 1)).callback_data is None


BOMBS = {
    "entities": "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><reportResponse>&b;</reportResponse>",
    "external": "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><reportResponse>&a;</reportResponse>",
    "parameter": "<!DOCTYPE r [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/'>%a;]><reportResponse/>",
    "doctype": "<!DOCTYPE results><results><serviceException><text>x</text></serviceException></results>",
    "laughs": "<!DOCTYPE r ["
    + "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(30))
    + "]><reportResponse>&e30;</reportResponse>",
    "depth": "<reportResponse><results><result>" + "<a>" * 500_000,
    "depth-of-root": "<a>" * 500_000,
    "encoding": "<?xml version='1.0' encoding='no-such'?><reportResponse/>",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_xml_bombs_are_refused_at_once(bomb: str) -> None:
    """Document types, entities, depth and strange encodings end before they cost anything, also in error bodies."""
    body = BOMBS[bomb].encode()
    begun = time.process_time()
    with pytest.raises(Garbled):
        read_page(body, "application/xml", ACCOUNT)
    assert error_in(body) is None
    assert time.process_time() - begun < 1


def test_depth_of_honest_reports_is_far_from_the_limit() -> None:
    """The deepest documented element lies on the fifth level."""
    nested = "<a>" * (DEEPEST - 3) + "</a>" * (DEEPEST - 3)
    item = f"<result><messageId>m</messageId><status><id>5</id></status>{nested}</result>"
    page = read_page(f"<reportResponse><results>{item}</results></reportResponse>".encode(), None, ACCOUNT)
    assert [report.message_id for report in page.reports] == ["m"]


@given(body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_a_page_or_garbled(body: bytes) -> None:
    """No body raises anything but Garbled, in either form, nor as an error body."""
    pages = [body, b'{"results":[' + body, b"<reportResponse><results>" + body, b"<results><r><messageId>" + body]
    for page in pages:
        for content_type in (None, "application/xml"):
            with suppress(Garbled):
                read_page(page, content_type, ACCOUNT)
        error_in(page)


def mutated(value: Any) -> st.SearchStrategy[Any]:
    """Draw the JSON with some values replaced by others."""
    if isinstance(value, dict):
        return st.fixed_dictionaries({name: mutated(item) for name, item in value.items()})
    awkward = st.sampled_from([2**63, "9" * 30, "9" * 5000, "", "x" * 5000, "\ud800", 1e300, -1, 0, 4, True, "null"])
    return st.one_of(st.just(value), st.just(value), st.just(value), awkward, json_values)


_ONE = json.loads((CASES / "specified-report-of-the-successor.response.json").read_bytes())["results"][0]


@given(item=mutated(_ONE))
def test_any_record_is_an_event_or_unreadable(item: dict[str, Any]) -> None:
    """Whatever stands in the fields, an event can carry the report, and the state can store its parts."""
    page = read_page(a_page(item), None, ACCOUNT)
    assert page.count == 1
    for report in page.reports:
        assert _REPORT.validate_json(_REPORT.dump_json(report)).call == report.call
        Call.model_validate(report.call)
        assert report.price is None or Price.model_validate(report.price)
        verdict = absorb(a_state(), report, NOON, rules())
        assert all(len(event_value(event)) < 300_000 for event in verdict.events)


@given(
    items=st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=3), max_size=5), cut=st.integers(0, 50)
)
def test_unreadable_records_hold_exactly_their_bytes(items: list[object], cut: int) -> None:
    """The bytes of the elements are slices of the page, in order, and a cut page loses only its end."""
    body = json.dumps({"next": None, "results": items}, ensure_ascii=False, indent=1).encode()
    page = read_page(body, None, ACCOUNT)
    assert [json.loads(one.body) for one in page.unreadable] == items
    with suppress(Garbled):
        page = read_page(body[: len(body) - cut], None, ACCOUNT)
        at = 0
        for one in page.unreadable:
            at = body.index(one.body, at) + len(one.body)


def test_a_full_page_is_read_quickly() -> None:
    """A thousand reports of either form take a fraction of a second."""
    for name in ("documented-one-report.response.json", "documented-one-report-in-xml.response.xml"):
        text = (CASES / name).read_text(encoding="utf-8")
        first, last, glue = ("{", "}", ",") if text.startswith("{") else ("<result>", "</result>", "")
        begun, ended = text.index(first, 1), text.rindex(last, 0, text.rindex("]")) if glue else text.rindex(last)
        item = text[begun : ended + len(last)]
        body = (text[:begun] + glue.join([item] * 1000) + text[ended + len(last) :]).encode()
        started = time.process_time()
        page = read_page(body, None, ACCOUNT)
        assert (page.count, len(page.reports)) == (1000, 1000)
        assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"requestError":{"serviceException":{"messageId":"TOO_MANY_REQUESTS","text":"Too many requests"}}}',
         "TOO_MANY_REQUESTS: Too many requests"),
        (b"\xef\xbb\xbf <e><serviceException><messageId>0</messageId></serviceException></e>", "0"),
        (b'{"requestError":{"serviceException":{"messageId":"A","text":"x\\u001b[2J"}}}', "A: x\\x1b[2J"),
        (b'{"requestError":{"serviceException":{"text":"' + b"x" * 999 + b'"}}}', "x" * 256),
        (b'{"requestError":{}}', None),
        (b'{"results":[]}', None),
        (b"<html><body>Bad gateway</body></html>", None),
        (b"", None),
    ],
)  # fmt: skip
def test_error_bodies(body: bytes, said: str | None) -> None:
    """Id and text of the documented error bodies, safe to print; anything else is none."""
    assert error_in(body) == said
