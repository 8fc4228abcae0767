"""The gate judges every kind of change of a schema, in words, and refuses what it can't judge."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from relay.compatibility.changes import Finding, Kind, Verdict
from relay.compatibility.comparing import compared
from relay.contracts import schemas
from relay.releases import schema_findings
from tests.compatibility import inputs, outputs
from tests.compatibility.changed import Case

EXAMPLES: Final = Path(__file__).parents[2] / "schemas" / "examples"
GOOD: Final = (*outputs.GOOD, *inputs.GOOD)
BAD: Final = (*outputs.BAD, *inputs.BAD)
UNJUDGED: Final = (*outputs.UNJUDGED, *inputs.UNJUDGED)


def minimal(**rule: Any) -> dict[str, Any]:
    """Give a schema of one field `x`."""
    return {"properties": {"x": rule}}


def named(case: Case) -> str:
    """Give a case's name as a test's id."""
    return f"{case.schema}-{case.name.replace(' ', '-')}"


def findings(case: Case) -> list[Finding]:
    """Judge the case's change as CI does."""
    return schema_findings(schemas.file_name(case.schema), case.before(), case.after())


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_a_harmless_change_passes(case: Case) -> None:
    """What breaks nobody is told, and lets a change through."""
    found = findings(case)
    assert {finding.verdict for finding in found} == {Verdict.HARMLESS}
    assert any(case.says in finding.text for finding in found), found


@pytest.mark.parametrize("case", BAD, ids=named)
def test_a_breaking_change_is_refused_in_words(case: Case) -> None:
    """What would break a consumer or a producer is refused, with the field, the change and the consequence."""
    told = [finding.text for finding in findings(case) if finding.verdict is Verdict.BREAKING]
    assert any(case.says in text for text in told), told
    assert all(text.startswith(f"{case.schema}.v1: ") for text in told)


@pytest.mark.parametrize("case", UNJUDGED, ids=named)
def test_what_cannot_be_classified_is_refused_by_name(case: Case) -> None:
    """What the gate doesn't understand doesn't pass as harmless."""
    found = findings(case)
    refused = [finding.text for finding in found if finding.verdict is not Verdict.HARMLESS]
    assert any(case.says in text for text in refused), found


@pytest.mark.parametrize("name", schemas.PUBLISHED)
def test_the_same_schema_has_no_differences(name: str) -> None:
    """Every keyword in use is understood, and an unchanged schema passes without a word."""
    assert compared(schemas.generate(name), schemas.generate(name)) == []


def test_another_way_of_writing_the_same_is_no_difference() -> None:
    """Definitions' names, the order of keys and words, and anyOf for a list of types mean nothing."""
    before = schemas.generate("status_changed")
    text = json.dumps(before).replace("#/$defs/Reason", "#/$defs/Cause")
    after = json.loads(text)
    after["$defs"]["Cause"] = after["$defs"].pop("Reason")
    after["properties"] = dict(reversed(after["properties"].items()))
    after["required"].reverse()
    after["properties"]["type"]["enum"].reverse()
    after["properties"]["bulk_id"] = {
        "type": ["null", "string"],
        "description": before["properties"]["bulk_id"]["description"],
    }
    assert compared(before, after) == []


def test_a_word_is_told_from_a_number_that_looks_like_it() -> None:
    """In Python 1 equals True and 1.0; in a list of JSON's words they are three."""
    changed = compared(minimal(type="integer", default=1), minimal(type="integer", default=True))
    assert [change.kind for change in changed] == [Kind.DEFAULT]
    changed = compared(minimal(enum=[1]), minimal(enum=[True]))
    assert [change.kind for change in changed] == [Kind.NARROWED, Kind.WIDENED]


def test_a_field_named_like_a_keyword_is_a_field() -> None:
    """`reason.description` is no annotation: that its type changed is seen."""
    after = copy.deepcopy(schemas.generate("status_changed"))
    after["$defs"]["Reason"]["properties"]["description"]["anyOf"][0]["type"] = "integer"
    kinds = {(change.subject, change.kind) for change in compared(schemas.generate("status_changed"), after)}
    assert ("field `reason.description`", Kind.WIDENED) in kinds
    assert ("field `attempts[].reason.description`", Kind.WIDENED) in kinds


@pytest.mark.parametrize("case", GOOD, ids=named)
def test_harmless_is_harmless_for_every_example(case: Case) -> None:
    """No example, valid or not, shows a harmless verdict wrong: checked by a validator that knows nothing of ours."""
    before, after = (Draft202012Validator(schema) for schema in (case.before(), case.after()))
    written, read = (after, before) if case in outputs.GOOD else (before, after)
    for path in (EXAMPLES / case.schema).rglob("*.json"):
        value = json.loads(path.read_bytes())
        assert not written.is_valid(value) or read.is_valid(value), path


def test_a_schema_that_is_gone_is_refused() -> None:
    """A shape can't be withdrawn while its version lives."""
    (finding,) = schema_findings("old_shape.v1.schema.json", {}, None)
    assert finding.verdict is Verdict.BREAKING
    assert finding.text.startswith("old_shape.v1: the schema is gone: ")


def test_the_cases_have_names_of_their_own() -> None:
    """A case that shadows another would hide it."""
    names = [named(case) for case in (*GOOD, *BAD, *UNJUDGED)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (minimal(exclusiveMinimum=0), minimal(exclusiveMinimum=1), {Kind.NARROWED}),
        (minimal(exclusiveMaximum=1), minimal(exclusiveMaximum=2), {Kind.WIDENED}),
        (minimal(type="number"), minimal(type="integer"), {Kind.NARROWED}),
        (minimal(type="array", minItems=1), minimal(type="array"), {Kind.WIDENED}),
        (minimal(type="object", additionalProperties=False), minimal(type="object"), {Kind.WIDENED}),
        (
            minimal(type="object", additionalProperties=False),
            minimal(type="object", additionalProperties=False, properties={"y": {}}),
            {Kind.WIDENED},
        ),
        (
            minimal(type="object", additionalProperties={"type": "string"}),
            minimal(type="object", additionalProperties={"type": "string"}, properties={"y": {}}),
            {Kind.UNCLEAR},
        ),
        (minimal(), minimal(type="string"), {Kind.NARROWED}),
        (minimal(minLength=1), minimal(type="string", minLength=1), {Kind.UNCLEAR}),
        (
            minimal(**{"not": {"properties": {"title": {"type": "string"}}}}),
            minimal(**{"not": {"properties": {"title": {"type": "null"}}}}),
            {Kind.UNCLEAR},
        ),
        (minimal(**{"not": {"title": "A"}}), minimal(**{"not": {"title": "B"}}), set()),
        (minimal(const="a"), minimal(enum=["a"]), set()),
        (minimal(const="a"), minimal(enum=["a", "b"]), {Kind.WIDENED}),
        (minimal(enum=["a", None]), minimal(enum=["a"]), {Kind.NARROWED}),
        (minimal(type="number", enum=[1, 2.5]), minimal(type="number", enum=[1]), {Kind.LOST_WORD}),
        (minimal(type="integer", enum=[1.0, 2]), minimal(type="integer", enum=[2]), {Kind.LOST_WORD}),
        (minimal(type="string", minimum=3), minimal(type="string", minimum=4), set()),
        (
            minimal(anyOf=[{"minimum": 1}, {"maximum": -1}]),
            minimal(anyOf=[{"minimum": 1}, {"maximum": -2}]),
            {Kind.NARROWED},
        ),
        (
            minimal(anyOf=[{"type": "string", "maxLength": 1}, {"type": "string", "pattern": "a"}]),
            minimal(anyOf=[{"type": "string", "maxLength": 2}, {"type": "string", "pattern": "b"}]),
            {Kind.UNCLEAR},
        ),
        (minimal(anyOf=[{"type": "string"}], minLength=1), minimal(anyOf=[{"type": "string"}], minLength=1), set()),
    ],
)
def test_kinds_of_change(before: dict[str, Any], after: dict[str, Any], kinds: set[Kind]) -> None:
    """Rules that our schemas don't use yet are understood, too."""
    assert {change.kind for change in compared(before, after)} == kinds
