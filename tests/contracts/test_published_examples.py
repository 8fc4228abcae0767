"""The examples and schemas that are published: each example is judged alike by schema and code; nothing is orphaned."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from relay.contracts import schemas
from relay.contracts.dead_letter import DeadLetter
from relay.contracts.decoding import decode_fetch_request, decode_message_sent
from relay.contracts.status_changed import StatusChanged

SCHEMAS: Final = Path(__file__).parents[2] / "schemas"
EXAMPLES: Final = SCHEMAS / "examples"

ACCEPT: Final[Mapping[str, Callable[[bytes], object]]] = {
    "fetch_request": decode_fetch_request,
    "message_sent": decode_message_sent,
    "status_changed": StatusChanged.model_validate_json,
    "dead_letter": DeadLetter.model_validate_json,
}
"""How the code reads each shape; all raise a ValueError for what they refuse."""


def examples(kind: str) -> list[Any]:
    """Give every example of a kind as a parameter with its place as the id."""
    paths = sorted(EXAMPLES.glob(f"*/{kind}/*.json"))
    return [pytest.param(path, id=f"{path.parts[-3]}-{path.stem}") for path in paths]


def validator_of(path: Path) -> Draft202012Validator:
    """Load the published schema of an example, formats asserted."""
    schema = json.loads((SCHEMAS / schemas.file_name(path.parts[-3])).read_text("utf-8"))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("path", examples("valid"))
def test_valid_example_is_accepted_by_schema_and_code(path: Path) -> None:
    """What the examples call valid passes the published schema and the relay's own reading."""
    value = path.read_bytes()
    validator_of(path).validate(json.loads(value))
    ACCEPT[path.parts[-3]](value)


@pytest.mark.parametrize("path", examples("invalid"))
def test_invalid_example_is_refused_by_schema_and_code(path: Path) -> None:
    """What the examples call invalid fails in both places: neither is stricter than the other."""
    value = path.read_bytes()
    assert not validator_of(path).is_valid(json.loads(value))
    with pytest.raises(ValueError, match=r"\S"):
        ACCEPT[path.parts[-3]](value)


@pytest.mark.parametrize("name", schemas.PUBLISHED)
def test_every_schema_has_examples_of_both_kinds(name: str) -> None:
    """A schema without examples is one that nobody has tried."""
    least = 8 if name in {"fetch_request", "message_sent"} else 5
    assert len(list((EXAMPLES / name / "valid").glob("*.json"))) >= least
    assert len(list((EXAMPLES / name / "invalid").glob("*.json"))) >= least


def test_nothing_in_the_examples_is_an_orphan() -> None:
    """Every example lies at <schema>/<valid or invalid>/<case>.json of a published schema."""
    files = [path.relative_to(EXAMPLES) for path in EXAMPLES.rglob("*") if path.is_file()]
    expected = {(name, kind) for name in schemas.PUBLISHED for kind in ("valid", "invalid")}
    assert {path.parts[:-1] for path in files} == expected
    assert {path.suffix for path in files} == {".json"}


@pytest.mark.parametrize("name", schemas.PUBLISHED)
def test_schema_is_itself_valid(name: str) -> None:
    """What is published is a JSON Schema of the dialect that it names, under the id that events carry."""
    schema = schemas.generate(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"] == f"urn:delivery-relay:schema:{name}:v1"


@pytest.mark.parametrize("name", schemas.PUBLISHED)
def test_every_field_is_described(name: str) -> None:
    """A reader finds the meaning of each field in the schema, at every depth."""
    schema = schemas.generate(name)
    objects = [schema, *schema.get("$defs", {}).values()]
    bare = [field for part in objects for field, rule in part["properties"].items() if not rule.get("description")]
    assert bare == []


@pytest.mark.parametrize("name", schemas.PUBLISHED)
def test_schema_is_open_to_additions(name: str) -> None:
    """Readers that validate must not break when a version gains a field."""
    assert "additionalProperties" not in json.dumps(schemas.generate(name))


def test_published_schemas_are_up_to_date() -> None:
    """The files are what the models generate."""
    assert schemas.check(SCHEMAS) == []


def test_readme_names_every_schema() -> None:
    """The table of topics leads to each schema."""
    readme = (SCHEMAS / "README.md").read_text("utf-8")
    assert [name for name in schemas.PUBLISHED if f"]({schemas.file_name(name)})" not in readme] == []


def test_check_tells_missing_stale_and_orphaned_files(tmp_path: Path) -> None:
    """Each kind of difference is one instruction that names its file; writing repairs what can be written."""
    written = schemas.write(tmp_path / "schemas")
    assert len(written) == len(schemas.PUBLISHED)
    folder = tmp_path / "schemas"
    (folder / "fetch_request.v1.schema.json").unlink()
    (folder / "dead_letter.v1.schema.json").write_text("{}")
    (folder / "gone.v1.schema.json").write_text("{}")
    missing, stale, orphan = schemas.check(folder)
    assert "fetch_request.v1.schema.json is missing: run `relay schemas write`" in missing
    assert "dead_letter.v1.schema.json is stale: run `relay schemas write`" in stale
    assert "gone.v1.schema.json belongs to no model" in orphan
    assert [path.name for path in schemas.write(folder)] == [
        "fetch_request.v1.schema.json",
        "dead_letter.v1.schema.json",
    ]
    assert len(schemas.check(folder)) == 1


def test_check_of_no_folder_says_that_all_are_missing(tmp_path: Path) -> None:
    """A wrong path is told as missing files, not as a traceback."""
    assert len(schemas.check(tmp_path / "nowhere")) == len(schemas.PUBLISHED)
