"""Infobip voice: pages that no honest provider sends cost little, and lose nothing that came before."""

import tracemalloc

import pytest

from relay.lookups.pages import Page
from relay.lookups.reading import Garbled
from relay.providers.infobip_voice import error_in, interpret, json_records, read_page, xml_records
from relay.providers.infobip_voice.wire import BREAKS_OFF, TOO_MANY
from tests.infobip_pages import ACCOUNT, a_page, an_item

JSON, XML = (b'{"results": [', b"]}"), (b"<reportResponse><results>", b"</results></reportResponse>")
GOOD = b'{"messageId": "m", "status": {"groupId": 3, "id": 5}}'
GOOD_XML = b"<result><messageId>m</messageId><status><groupId>3</groupId><id>5</id></status></result>"
LARGEST, RECORDS, SIGNS = 20_000, 100, 5_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bounds a fiftieth of what they are, and less, so that what exceeds them is made and read quickly."""
    for form in (json_records, xml_records):
        monkeypatch.setattr(form, "LARGEST_RECORD", LARGEST)
        monkeypatch.setattr(form, "MOST_SIGNS", SIGNS)
    monkeypatch.setattr(xml_records, "_STRETCH", 1000)
    monkeypatch.setattr(interpret, "MOST_RECORDS", RECORDS)


def read(body: bytes) -> Page:
    """Return what a body is read as."""
    return read_page(body, None, ACCOUNT)


def page_of(*elements: bytes) -> bytes:
    """Return a page of the form that its elements have."""
    (head, tail), glue = (XML, b"") if elements[0].startswith(b"<") else (JSON, b",")
    return head + glue.join(elements) + tail


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("element", [b"{}", b"1", b"[]", b'"\xff"', GOOD, b"<r/>", b"<r>x</r>", GOOD_XML])
def test_elements_beyond_the_greatest_number_are_one(element: bytes) -> None:
    """A page of that many is read whole; from the next on the body is one unreadable record, and the page broken."""
    whole = read(page_of(*[element] * RECORDS))
    assert (whole.count, whole.broken) == (RECORDS, False)
    body = page_of(*[element] * (RECORDS + 7))
    page = read(body)
    assert (page.count, page.broken) == (RECORDS + 1, True)
    assert (page.reports, page.unreadable[:-1]) == (whole.reports, whole.unreadable)
    rest = page.unreadable[-1]
    assert rest.reason == TOO_MANY
    assert body.endswith(rest.body)
    assert rest.body.count(element) == 7


@pytest.mark.parametrize("element", [b"{}", b"<r/>"])
def test_the_greatest_number_is_ten_times_what_is_asked_for(element: bytes) -> None:
    """A megabyte of junk elements gives so many unreadable ones, and no more."""
    page = read(page_of(*[element] * 300_000))
    assert page.count == len(page.unreadable) == 10_001
    assert page.broken


MONSTERS = {
    "text": b'{"x": "' + b"x" * LARGEST + b'"}',
    "escapes": b'{"x": "' + b"\\u0041" * (LARGEST // 6) + b'"}',
    "digits": b'{"x": ' + b"9" * LARGEST + b"}",
    "lists": b"[" + b"[]," * (LARGEST // 3) + b"0]",
    "keys": b"{" + b'"x": 1,' * (LARGEST // 7) + b'"x": 1}',
    "depth": b"[" * 5_000 + b"]" * 5_000,
    "not closed": b"[" * LARGEST,
    "xml text": b"<r><a>" + b"x" * 2 * LARGEST + b"</a></r>",
    "xml attribute": b"<r a='" + b"x" * 2 * LARGEST + b"'/>",
    "xml elements": b"<r>" + b"<a/>" * LARGEST + b"</r>",
    "xml comment": b"<r><!--" + b"x" * 2 * LARGEST + b"--></r>",
    "xml depth": b"<r>" * 20 + b"</r>" * 20,
    "xml not closed": b"<r>" * LARGEST,
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("monster", MONSTERS)
def test_a_monstrous_record_breaks_the_page_off(monster: str) -> None:
    """What came before it is read; from it on nothing is, and its bytes are kept."""
    element = MONSTERS[monster]
    good = GOOD_XML if monster.startswith("xml") else GOOD
    page = read(page_of(good, element, good))
    assert [report.message_id for report in page.reports] == ["m"]
    (rest,) = page.unreadable
    assert (rest.reason, page.broken) == (BREAKS_OFF, True)
    assert rest.body == page_of(good, element, good).partition(good)[2].removeprefix(b",")


@pytest.mark.parametrize(
    ("good", "element"),
    [
        (GOOD, b'{"messageId": "m", "status": {}, "x": "%s"}' % (b"x" * 1_000_000)),
        (GOOD, b'{"messageId": "m", "status": {}, "x": "%s"}' % ("ж" * 500_000).encode()),
        (GOOD_XML, GOOD_XML.replace(b"<status>", b"<x>%s</x><status>" % (b"x" * 950_000))),
    ],
    ids=["text", "text beyond ASCII", "xml"],
)
def test_a_large_record_is_read(good: bytes, element: bytes) -> None:
    """The bound on a record is far above what honest ones have, and records up to it are read wherever they stand."""
    page = read(page_of(element, good, element, good, good, element))
    assert (len(page.reports), page.unreadable, page.broken) == (6, (), False)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "unit",
    [
        b"[" + b"[]," * 1000 + b"0]",
        b"[" + b"{}," * 1000 + b"0]",
        b'{"messageId": "m", "status": {' + b'"id": "x", ' * 1000 + b'"id": "x"}}',
        b"<r>" + b"<a/>" * 1000 + b"</r>",
        b"<r " + b"".join(b"a%d='' " % number for number in range(1000)) + b"/>",
        b"<r " + b"".join(b"xmlns:a%d='u' " % number for number in range(1000)) + b"/>",
    ],
    ids=["lists", "objects", "names", "elements", "attributes", "namespaces"],
)
def test_a_crowd_of_small_things_ends_the_page(unit: bytes) -> None:
    """However they are spread over records, only so many brackets, names, tags and attributes are read."""
    page = read(page_of(*[unit] * 60))
    assert page.broken
    assert page.count < 40
    assert page.unreadable[-1].reason == BREAKS_OFF
    assert page.unreadable[-1].body.endswith(page_of(*[unit] * 20).partition(unit)[2])


@pytest.mark.usefixtures("small")
def test_crowds_around_the_records_end_the_page() -> None:
    """Junk before the records is no page, or a broken one where its root is known; behind them nothing is looked at."""
    junk = b"<a/>" * LARGEST
    for head in (b"<x>", b"{", b'{"a": [' + b"[]," * LARGEST, b"<!--" + b"-" * (2 * LARGEST)):
        with pytest.raises(Garbled):
            read(head + junk)
    page = read(b"<reportResponse>" + junk)
    assert (page.count, page.broken) == (1, True)
    page = read(XML[0] + GOOD_XML + b"</results>" + junk)
    assert (page.count, len(page.reports), page.broken) == (1, 1, False)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "unit",
    [
        b"{}",
        b"[" + b"[]," * 6000 + b"0]",
        ('"' + "😀" * 4000 + '"').encode(),
        b"{" + b"".join(b'"%06d":1,' % number for number in range(1500)) + b'"":1}',
        b"<r/>",
        b"<r>" + b"".join(b"<a%05d/>" % number for number in range(1500)) + b"</r>",
    ],
    ids=["objects", "lists", "emoji", "names", "xml", "xml names"],
)
def test_memory_stays_in_proportion(unit: bytes) -> None:
    """No body of small things grows to more than a few times its size while it is read."""
    body = page_of(*[unit] * (1_000_000 // len(unit)))
    tracemalloc.start()
    try:
        page = read(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert page.count
    assert peak < 3 * len(body)


def test_a_number_of_thousands_of_digits_costs_one_field() -> None:
    """Python refuses to read such integers; the record and the page come through."""
    body = a_page(an_item(duration=0), an_item(messageId="m-2")).replace(
        b'"duration": 0', b'"duration": ' + b"9" * 5000
    )
    page = read(body)
    assert [report.message_id for report in page.reports] == ["m-1", "m-2"]
    assert (page.reports[0].call or {})["duration_seconds"] is None


BOMBS = {
    "entities": "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><reportResponse>&b;</reportResponse>",
    "external": "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/hostname'>]><reportResponse>&a;</reportResponse>",
    "parameter": "<!DOCTYPE r [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/'>%a;]><reportResponse/>",
    "doctype": "<!DOCTYPE results><results><serviceException><text>x</text></serviceException></results>",
    "laughs": "<!DOCTYPE r ["
    + "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(30))
    + "]><reportResponse>&e30;</reportResponse>",
    "depth-of-root": "<a>" * 500_000,
    "encoding": "<?xml version='1.0' encoding='no-such'?><reportResponse/>",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_xml_bombs_are_refused(bomb: str) -> None:
    """Document types, entities, depth and strange encodings are no page, nor an error body."""
    body = BOMBS[bomb].encode()
    with pytest.raises(Garbled):
        read_page(body, "application/xml", ACCOUNT)
    assert error_in(body) is None


def test_depth_of_honest_reports_is_far_from_the_limit() -> None:
    """The deepest documented element lies on the third level of its record."""
    deepest = xml_records.DEEPEST
    nested = [b"<a>" * levels + b"</a>" * levels for levels in (deepest - 1, deepest)]
    pages = [read(XML[0] + GOOD_XML.replace(b"<status>", inner + b"<status>") + XML[1]) for inner in nested]
    assert [page.broken for page in pages] == [False, True]
