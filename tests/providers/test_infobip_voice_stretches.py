"""Bodies of Infobip voice are read in stretches: whatever the end of one cuts in two is read as if it were one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.lookups.pages import Page
from relay.lookups.reading import Garbled
from relay.providers.infobip_voice import json_records, read_page, xml_records
from tests.infobip_pages import ACCOUNT, an_item
from tests.strategies import json_values, texts

JSON, XML = (b'{"results": [', b"]}"), (b"<reportResponse><results>", b"</results></reportResponse>")
GOOD = b'{"messageId": "m", "status": {"groupId": 3, "id": 5}}'
GOOD_XML = b"<result><messageId>m</messageId><status><groupId>3</groupId><id>5</id></status></result>"


def read(body: bytes) -> Page:
    """Return what a body is read as."""
    return read_page(body, None, ACCOUNT)


elements = st.lists(json_values | st.just(an_item()) | st.builds(lambda text: an_item(to=text), texts), max_size=6)


def stretched(module: Any, name: str, size: int, body: bytes) -> list[Any]:
    """Return the records of a body, read in stretches of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, size)
        return list(getattr(module, module.__name__.rpartition(".")[2])(body))


@given(items=elements, glue=st.sampled_from([",", ", ", " ,\n\t", "\r\n,"]))
def test_the_ends_of_stretches_change_nothing(items: list[object], glue: str) -> None:
    """Whatever the end of a stretch cuts in two, a text, a number or a letter, is read as if it were one."""
    written = [json.dumps(item, ensure_ascii=False) for item in items]
    body = b"\xef\xbb\xbf" + f'{{ "results" : [ {glue.join(written)} ] }}'.encode()
    whole = list(json_records.json_records(body))
    assert [json.loads(body[record.begun : record.ended]) for record in whole] == items
    least = max(20, *(len(item.encode()) + max(len(glue), 2) for item in written), 0)
    for size in range(least, min(least + 150, len(body))):
        assert stretched(json_records, "LARGEST_RECORD", size, body) == whole


@given(number=st.integers(0, 4), cut=st.integers(0, 60), size=st.integers(1, 400))
def test_the_ends_of_xml_stretches_change_nothing(number: int, cut: int, size: int) -> None:
    """A tag or a letter that the end of a stretch cuts in two is read as if it were one."""
    item = "<r><messageId>ж😀</messageId><status><id>5</id></status><x a='b'/></r><r/>"
    body = f"<results>{item * number}</results>".encode()
    body = body[: len(body) - cut]
    try:
        whole = list(xml_records.xml_records(body))
    except Garbled:
        with pytest.raises(Garbled):
            stretched(xml_records, "_STRETCH", size, body)
        return
    assert stretched(xml_records, "_STRETCH", size, body) == whole


def test_a_whole_record_at_the_end_of_what_came_is_read() -> None:
    """A page that ends behind a record loses only what did not come."""
    for head, good in ((JSON[0], GOOD), (XML[0], GOOD_XML)):
        page = read(head + good)
        assert (len(page.reports), page.count, page.broken) == (1, 2, True)
        assert page.unreadable[0].body == b""


def test_a_document_that_ends_before_its_records_is_broken() -> None:
    """A known root alone does not make what is missing an empty page."""
    with pytest.raises(Garbled):
        read(b"<reportRespo")
    for body in (b"<reportResponse>", b"<reportResponse><res", b"<reportResponse><bulkId>x</bulkId"):
        page = read(body)
        assert (page.broken, [one.body for one in page.unreadable]) == (True, [body])


def test_empty_elements_hold_exactly_their_bytes() -> None:
    """The parser stands behind an empty element, but before an end tag."""
    parts = [b"<r/>", b"<s  a='/>'/>", b"<t></t >", b"<u><v/></u>", b"<results/>", b"<w>/></w>"]
    page = read(b"<results>" + b"".join(parts) + b"</results>")
    assert [one.body for one in page.unreadable][:5] == parts[:5]
