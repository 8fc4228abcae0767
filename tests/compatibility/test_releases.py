"""What was released stays as it was, and what is published now keeps it."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from relay import releases
from relay.compatibility.changes import Direction, Verdict
from relay.compatibility.topics import topic_findings
from relay.configuration import TopicSettings
from relay.contracts import schemas
from relay.reference.asyncapi import document
from relay.reference.topics import direction_of

ROOT: Final = Path(__file__).parents[2]
SCHEMAS: Final = ROOT / "schemas"
NAMES: Final = TopicSettings().model_dump()
VERSIONS: Final = sorted(path.parent.name for path in (SCHEMAS / "released").glob("*/asyncapi.json"))
EXAMPLE: Final = "examples/fetch_request/valid/one.json"
RELEASED_SCHEMAS: Final = [(version, name) for version in VERSIONS for name in schemas.PUBLISHED]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of schemas with an example, of which 1.0.0 was released."""
    schemas.write(tmp_path)
    example = tmp_path / EXAMPLE
    example.parent.mkdir(parents=True)
    example.write_text('{"request_id": "1", "account": "a"}')
    releases.release(tmp_path, "1.0.0", NAMES)
    return tmp_path


def rewrite(folder: Path, name: str, **changes: Any) -> None:
    """Change a released file, and its hash with it, as if that had been released."""
    path = folder / "released" / "1.0.0" / name
    body = json.dumps(json.loads(path.read_bytes()) | changes).encode()
    path.write_bytes(body)
    hashes = json.loads((folder / "released/hashes.json").read_bytes())
    hashes["1.0.0"][name] = releases._hash(body)
    (folder / "released/hashes.json").write_text(json.dumps(hashes))


def test_what_is_published_keeps_every_release() -> None:
    """The gate itself: nothing that was released is broken, and no released file was touched."""
    assert VERSIONS
    assert releases.check(SCHEMAS, NAMES) == []


def test_every_version_of_the_changelog_was_kept() -> None:
    """A release without its record would be free to be broken."""
    versions = re.findall(r"^## \[(\d[^]]*)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert [version for version in versions if version not in VERSIONS] == []


@pytest.mark.parametrize(("version", "name"), RELEASED_SCHEMAS)
def test_examples_pass_across_releases(version: str, name: str) -> None:
    """A released reader accepts what is written now, and what a released writer wrote is accepted now."""
    released = SCHEMAS / "released" / version
    writer, reader = released, SCHEMAS
    if direction_of(name) is Direction.OUTPUT:
        writer, reader = reader, writer
    schema = json.loads((reader / schemas.file_name(name)).read_bytes())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    paths = list((writer / "examples" / name / "valid").glob("*.json"))
    assert paths
    for path in paths:
        validator.validate(json.loads(path.read_bytes()))


def test_a_release_keeps_schemas_topics_and_examples(folder: Path) -> None:
    """What is kept suffices to judge later versions, without git and without the network."""
    kept = {
        path.relative_to(folder / "released/1.0.0").as_posix() for path in (folder / "released/1.0.0").rglob("*.json")
    }
    assert kept == {
        *map(schemas.file_name, schemas.PUBLISHED),
        "asyncapi.json",
        "examples/fetch_request/valid/one.json",
    }
    assert releases.check(folder, NAMES) == []


def test_a_release_cannot_be_made_again(folder: Path) -> None:
    """A version is released once."""
    with pytest.raises(FileExistsError, match=r"1\.0\.0 was released; what was released stays"):
        releases.release(folder, "1.0.0", NAMES)
    assert len(releases.release(folder, "1.0.1", NAMES)) == 6
    assert releases.check(folder, NAMES) == []


@pytest.mark.parametrize("name", ["status_changed.v1.schema.json", "asyncapi.json", EXAMPLE])
def test_a_released_file_cannot_be_changed(folder: Path, name: str) -> None:
    """Not even where the change would break nobody."""
    path = folder / "released/1.0.0" / name
    path.write_bytes(path.read_bytes() + b"\n")
    (line,) = releases.check(folder, NAMES)
    assert line.endswith("was released and is not what it was: restore it, and publish a new version")


def test_a_released_file_cannot_go_nor_come(folder: Path) -> None:
    """What is missing and what was smuggled in are told by name."""
    (folder / "released/1.0.0/asyncapi.json").unlink()
    (folder / "released/1.1.0").mkdir()
    (folder / "released/1.1.0/asyncapi.json").write_text("{}")
    gone, new = releases.check(folder, NAMES)
    assert "1.0.0/asyncapi.json was released and is gone" in gone
    assert "1.1.0/asyncapi.json was never released" in new


def test_a_break_of_a_release_is_told_with_its_version(folder: Path) -> None:
    """The line says since when, what, and what for."""
    rewrite(folder, "fetch_request.v1.schema.json", required=["request_id"])
    (line,) = releases.check(folder, NAMES)
    assert line == (
        "since 1.0.0: fetch_request.v1: field `account` must now always be there:"
        " what producers were allowed to send would become dead letters"
    )


def test_a_schema_that_is_gone_is_told(folder: Path) -> None:
    """A released shape that no model publishes any more is a break."""
    (folder / "released/1.0.0/older.v1.schema.json").write_text("{}")
    rewrite(folder, "older.v1.schema.json")
    (line,) = releases.check(folder, NAMES)
    assert line.startswith("since 1.0.0: older.v1: the schema is gone")


def changed_topics(change: str) -> dict[str, Any]:
    """Give the AsyncAPI document with one change of what is not in the values' schemas."""
    made: dict[str, Any] = json.loads(json.dumps(document(NAMES)))
    seen = made["components"]["messages"]["seen"]
    if change == "gone":
        del made["channels"]["seen"]
    elif change == "renamed":
        made["channels"]["seen"]["address"] = "delivery.read.v1"
    elif change == "turned":
        made["operations"]["seen"]["action"] = "receive"
    elif change == "header gone":
        del seen["headers"]["properties"]["ce_subject"]
        seen["headers"]["required"].remove("ce_subject")
    elif change == "header changed":
        seen["headers"]["properties"]["ce_type"]["const"] = "delivery.read.v1"
    elif change == "key":
        seen["bindings"]["kafka"]["key"]["type"] = ["string", "null"]
    elif change == "value":
        seen["payload"]["$ref"] = "#/components/schemas/dead_letter"
    elif change == "header new":
        seen["headers"]["properties"]["traceparent"] = {"type": "string"}
    return made


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("gone", "delivery.seen.v1: the topic is gone: consumers that read it would miss it"),
        ("renamed", "the topic is now called `delivery.read.v1`"),
        ("turned", "the topic changed its direction"),
        ("header gone", "delivery.seen.v1: header `ce_subject` is gone"),
        ("header changed", "header `ce_type` lost the value `delivery.seen.v1`"),
        ("key", "the record's `key` may now be null"),
        ("value", "the value has another schema"),
    ],
)
def test_a_break_outside_the_values_is_refused(change: str, says: str) -> None:
    """Names, direction, keys and headers of topics are a contract as well."""
    found = topic_findings(document(NAMES), changed_topics(change))
    assert any(says in finding.text for finding in found if finding.verdict is Verdict.BREAKING), found


def test_a_new_header_or_topic_is_harmless() -> None:
    """What nobody knows breaks nobody."""
    assert [finding.verdict for finding in topic_findings(document(NAMES), changed_topics("header new"))] == [
        Verdict.HARMLESS
    ]
    assert topic_findings(changed_topics("gone"), document(NAMES)) == []
