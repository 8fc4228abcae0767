"""Infobip voice: pages of reports in every form, whole and broken."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.lookups.pages import Page
from relay.lookups.reading import Garbled
from relay.providers.infobip_voice import error_in, read_page
from relay.providers.infobip_voice.wire import CALLBACK_LENGTH, read_instant
from tests.infobip_pages import ACCOUNT, a_page, an_item, the_report
from tests.strategies import json_values

CASES = Path(__file__).parent / "cases/infobip_voice"
PAGES = sorted(path for path in CASES.glob("*.response.*"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_form_is_told_by_the_body(path: Path) -> None:
    """What the header says of the form changes nothing: a proxy may have written it."""
    plain = _reading(path.read_bytes(), None)
    for content_type in ("application/json", "application/xml;charset=UTF-8", "text/html"):
        assert _reading(path.read_bytes(), content_type) == plain


def _reading(body: bytes, content_type: str | None) -> Page | str:
    try:
        return read_page(body, content_type, ACCOUNT)
    except Garbled:
        return "garbled"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-02-12T09:58:20.323+0100", datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12T09:58:20.323+01:00", datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12T09:58:20.323-0300", datetime(2015, 2, 12, 12, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12T09:58:20Z", datetime(2015, 2, 12, 9, 58, 20, tzinfo=UTC)),
        ("2015-02-12T09:58:20.323", datetime(2015, 2, 12, 9, 58, 20, 323000, tzinfo=UTC)),
        ("2015-02-12", datetime(2015, 2, 12, tzinfo=UTC)),
        (" 2015-02-12 ", datetime(2015, 2, 12, tzinfo=UTC)),
        ("1423731500323", datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)),
    ],
)
def test_every_form_of_date(text: str, expected: datetime) -> None:
    """Offsets with and without a colon, `Z`, none, a day, epoch milliseconds."""
    assert read_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "0001-01-01T00:00+1400", "9999-12-31T23:59-1400", "²", "9" * 5000, "9" * 31, "0", "-1", "1.5", None],
)
def test_no_instant_is_made_of_nonsense(text: str | None) -> None:
    """What is no date between 1970 and 2999 is unknown, and never an error."""
    assert read_instant(text) is None


@pytest.mark.parametrize("value", [1423731500323, "1423731500323"])
def test_an_instant_may_be_a_number(value: object) -> None:
    """Epoch milliseconds come as a number or as text; what is neither is left out."""
    assert the_report(doneAt=value).occurred_at == datetime(2015, 2, 12, 8, 58, 20, 323000, tzinfo=UTC)
    assert the_report(doneAt=[value], sentAt=True).occurred_at is None


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


def test_a_field_that_cannot_be_read_costs_only_itself() -> None:
    """Whatever stands beside it in a status, an error or a price is kept."""
    codes = {"groupId": 5, "id": 99, "name": "x" * 257, "description": [], "permanent": "perhaps", "action": "none"}
    report = the_report(
        status=codes, error=codes, price={"pricePerSecond": 1, "currency": "x" * 257}, to={}, bulkId="b"
    )
    kept = {"groupId": 5, "id": 99, "action": "none"}
    assert report.provider_status == {"status": kept, "error": kept}
    assert report.price == {"amount": "1", "currency": None, "per": "second"}
    assert (report.recipient, report.bulk_id) == (None, "b")


def test_long_callback_data_is_kept() -> None:
    """More than may be sent arrives whole; what no event could carry is left out."""
    assert the_report(callbackData="x" * CALLBACK_LENGTH).callback_data == "x" * CALLBACK_LENGTH
    assert the_report(callbackData="x" * (CALLBACK_LENGTH + 1)).callback_data is None


@given(body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_an_error_body_or_none(body: bytes) -> None:
    """Nothing is raised, whatever comes with an error's status."""
    error_in(body)
    error_in(b"<requestError><serviceException>" + body)


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
