"""The generated reference: up to date, whole, safe to show, and self-contained."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest

from relay.configuration import TopicSettings
from relay.contracts.schemas import PUBLISHED
from relay.reference import documents
from relay.reference.asyncapi import document
from relay.reference.fields import rows
from relay.reference.markdown import events_reference
from relay.reference.page import reference_page

ROOT: Final = Path(__file__).parents[2]
NAMES: Final = TopicSettings().model_dump()
ADDRESSES: Final = [name for key, name in NAMES.items() if key not in {"inbox", "raw", "state"}]
TEXTS: Final = {"description", "summary"}
HOSTILE: Final = "<script>alert(\"1\")</script> | <img src=x onerror=alert(1)> `a` & 'b'"


class Tags(HTMLParser):
    """Notes the elements of a page, their attributes, and that each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost element is closed."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Gather the text that a person sees."""
        self.text += data


def every_description(node: Any, text: str) -> Any:
    """Give the document with every description, summary and example text replaced."""
    if isinstance(node, dict):
        return {
            key: text
            if key in {"description", "summary"} and isinstance(value, str)
            else every_description(value, text)
            for key, value in node.items()
        }
    return [every_description(item, text) for item in node] if isinstance(node, list) else node


def test_the_reference_is_up_to_date() -> None:
    """What lies in docs/ is what the code generates."""
    assert documents.check(ROOT / "docs", NAMES) == []


def test_check_tells_missing_and_stale_documents(tmp_path: Path) -> None:
    """Each difference is one instruction that names its file, and writing mends exactly that."""
    assert len(documents.check(tmp_path / "docs", NAMES)) == 3
    assert len(documents.write(tmp_path / "docs", NAMES)) == 3
    (tmp_path / "docs" / "events.md").write_text("old")
    (tmp_path / "docs" / "asyncapi.json").unlink()
    missing, stale = documents.check(tmp_path / "docs", NAMES)
    assert missing.endswith("asyncapi.json is missing: run `relay schemas write`")
    assert stale.endswith("events.md is stale: run `relay schemas write`")
    assert [path.name for path in documents.write(tmp_path / "docs", NAMES)] == ["asyncapi.json", "events.md"]
    assert documents.check(tmp_path / "docs", NAMES) == []


def test_the_page_loads_and_runs_nothing() -> None:
    """No script, form, frame, image, handler or foreign address: one file, to be read."""
    tags = Tags(reference_page(document(NAMES), "asyncapi.json"))
    assert tags.open == []
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "a", "ul", "li", "code", "pre"}
    assert {tag for tag, _ in tags.seen} <= allowed | {"table", "tr", "th", "td"}
    links = {value for tag, attributes in tags.seen for key, value in attributes.items() if key == "href"}
    assert links == {"asyncapi.json", *(f"#{address}" for address in ADDRESSES)}
    assert {key for _, attributes in tags.seen for key in attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "id",
        "href",
    }


def test_every_link_within_the_page_has_its_place() -> None:
    """The list of topics leads to each of them."""
    tags = Tags(reference_page(document(NAMES), "asyncapi.json"))
    places = {attributes.get("id") for _, attributes in tags.seen}
    assert set(ADDRESSES) <= places


def test_the_page_shows_text_as_text() -> None:
    """Whatever stands in a description or in the name of a topic is shown, and is no markup."""
    plain = Tags(reference_page(document(NAMES), "x"))
    hostile = Tags(reference_page(every_description(document(NAMES | {"seen": HOSTILE}), HOSTILE), HOSTILE))
    assert {tag for tag, _ in hostile.seen} == {tag for tag, _ in plain.seen}
    assert '<script>alert("1")</script>' in hostile.text
    assert HOSTILE in {attributes.get("href") for _, attributes in hostile.seen}


def test_the_text_keeps_hostile_descriptions_in_their_cells() -> None:
    """A bar or a line break in a description doesn't break a table, and a tag is no tag."""
    text = events_reference(every_description(document(NAMES), "a | b\n<script>"))
    table_lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table_lines} == {5, 6}
    assert not [line for line in table_lines if "<script>" in re.sub("`[^`]*`", "", line)]


@pytest.mark.parametrize("name", ["asyncapi.html", "events.md"])
def test_every_topic_field_and_header_is_told(name: str) -> None:
    """A reader finds each of them in the page and in the text."""
    body = documents.documents(NAMES)[name].decode()
    made = document(NAMES)
    headers = {
        header for message in made["components"]["messages"].values() for header in message["headers"]["properties"]
    }
    fields = {row.path for schema in PUBLISHED for row in rows(made["components"]["schemas"][schema], [])}
    quoted = "<code>{}</code>" if name.endswith("html") else "`{}`"
    assert [word for word in {*ADDRESSES, *headers, *fields} if quoted.format(word) not in body] == []
    assert "murmur2" in body
    assert "read_committed" in body


def test_rows_tell_type_presence_meaning_and_example() -> None:
    """Each kind of rule has its words; the example is the first value that isn't null, empty or an object."""
    schema = {
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "minLength": 1, "description": "A."},
            "b": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]},
            "c": {"type": "array", "items": {"type": "object", "properties": {"d": {"enum": ["x", "y"]}}}},
            "e": {"type": "string", "format": "date-time"},
            "f": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "maxItems": 32},
            "g": {"type": "integer", "minimum": 2},
            "h": {},
            "i": {"type": "boolean", "default": False},
            "j": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
    }
    examples: list[dict[str, Any]] = [{"a": "one", "b": None, "f": []}, {"b": 2, "c": [{"d": "y"}], "f": ["z"]}]
    told = {row.path: (row.type, row.required, row.meaning, row.example) for row in rows(schema, examples)}
    assert told == {
        "a": ("string, not empty", True, "A.", '"one"'),
        "b": ("integer, 1 to 9 or null", False, "", "2"),
        "c": ("array of object", False, "", ""),
        "c[].d": ('"x" or "y"', False, "", '"y"'),
        "e": ("date-time", False, "", ""),
        "f": ("array, 0 to 32, of string, 1 to 64 characters", False, "", '["z"]'),
        "g": ("integer, at least 2", False, "", ""),
        "h": ("anything", False, "", ""),
        "i": ("boolean, default false", False, "", ""),
        "j": ("string or null", False, "", ""),
    }


def test_the_document_in_docs_is_the_one_that_is_served() -> None:
    """A relay with the default names serves what lies in docs/."""
    served = {page.path: page.body for page in documents.pages(NAMES)}
    assert served == {
        "/asyncapi": (ROOT / "docs/asyncapi.html").read_bytes(),
        "/asyncapi.json": (ROOT / "docs/asyncapi.json").read_bytes(),
    }
    assert json.loads(served["/asyncapi.json"])["asyncapi"] == "3.0.0"
