"""`relay schemas` as CI and people run it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, create_model
from typer.testing import CliRunner, Result

from relay.commands import app
from relay.contracts.fetch_request import FetchRequest
from relay.contracts.schemas import PUBLISHED, PublishedSchema
from relay.contracts.status_changed import StatusChanged


def relay(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["schemas", *map(str, arguments)])


def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Give a model's fields as pydantic takes them for another model."""
    return {name: (field.annotation, field) for name, field in model.model_fields.items()}


@pytest.fixture
def places(tmp_path: Path) -> tuple[str, ...]:
    """Give the options for folders of one's own, written and released as 1.0.0."""
    options = ("--folder", str(tmp_path / "schemas"), "--docs", str(tmp_path / "docs"))
    assert relay("write", *options).exit_code == 0
    assert relay("release", "1.0.0", *options).exit_code == 0
    return options


def test_check_of_this_repository_passes() -> None:
    """What CI runs is content with the repository as it stands."""
    root = Path(__file__).parents[2]
    done = relay("check", "--folder", root / "schemas", "--docs", root / "docs")
    assert (done.exit_code, done.stdout) == (0, "4 schemas are up to date and keep what was released\n")


def test_check_fails_on_stale_documents_and_on_touched_releases(tmp_path: Path, places: tuple[str, ...]) -> None:
    """Each thing that is wrong is a line on standard error."""
    (tmp_path / "docs/events.md").write_text("old")
    (tmp_path / "schemas/released/1.0.0/asyncapi.json").write_text("{}")
    done = relay("check", *places)
    assert done.exit_code == 1
    touched, remedy, stale = done.stderr.splitlines()
    assert "take back what the lines above name" in remedy
    assert "events.md is stale" in stale
    assert "asyncapi.json was released and is not what it was" in touched


def test_check_names_a_field_that_is_gone_though_the_examples_have_it(
    places: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commonest break: it is told first, then what to do, then what else doesn't fit the model."""
    fields = fields_of(StatusChanged)
    del fields["clicks"]
    changed = create_model("StatusChanged", __config__=StatusChanged.model_config, __doc__="A change.", **fields)
    monkeypatch.setattr("relay.reference.topics.StatusChanged", changed)
    monkeypatch.setitem(PUBLISHED, "status_changed", PublishedSchema(model=changed, mode="serialization"))
    done = relay("check", *places)
    assert done.exit_code == 1
    gone, remedy, stale, example = done.stderr.splitlines()
    assert gone == ("since 1.0.0: status_changed.v1: field `clicks` is gone: consumers that read it would miss it")
    assert "take back what the lines above name, or publish it as a new version" in remedy
    assert "status_changed.v1.schema.json is stale" in stale
    assert example == (
        "relay/reference/examples/delivered.json is no StatusChanged any more: clicks: Extra inputs are not permitted:"
        " make the example follow the model"
    )


def test_check_and_write_name_a_keyword_that_nothing_understands(
    places: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be judged is refused by name, without a traceback."""
    field = Field(description="1 or 2.", json_schema_extra={"oneOf": [{"const": "1"}, {"const": "2"}]})
    fields = fields_of(FetchRequest) | {"request_id": (str, field)}
    changed = create_model("FetchRequest", __config__=FetchRequest.model_config, __doc__="Ask.", **fields)
    monkeypatch.setitem(PUBLISHED, "fetch_request", PublishedSchema(model=changed, mode="validation"))
    lines = relay("check", *places).stderr.splitlines()
    assert "has the keyword `oneOf`, which the comparison does not understand" in lines[0]
    assert lines[-1].startswith("the model FetchRequest: field `request_id` has the keyword `oneOf`: the reference")
    written = relay("write", *places)
    assert (written.exit_code, written.stderr) == (1, lines[-1] + "\n")


def test_release_refuses_what_was_released_and_what_is_stale(tmp_path: Path, places: tuple[str, ...]) -> None:
    """A release is made once, of what is up to date."""
    again = relay("release", "1.0.0", *places)
    assert (again.exit_code, "1.0.0 was released" in again.stderr) == (1, True)
    (tmp_path / "docs/events.md").unlink()
    assert relay("release", "1.0.1", *places).exit_code == 1
    assert not (tmp_path / "schemas/released/1.0.1").exists()


def test_compare_tells_every_difference(tmp_path: Path) -> None:
    """Any two schemas can be compared before anything is written; a break is exit code 1, by direction."""
    (tmp_path / "old.json").write_text(json.dumps({"properties": {"a": {"enum": ["x"]}}}))
    (tmp_path / "new.json").write_text(json.dumps({"properties": {"a": {"enum": ["x", "y"]}}}))
    files = (tmp_path / "old.json", tmp_path / "new.json")
    read = relay("compare", *files, "--direction", "output")
    assert read.exit_code == 1
    assert read.stdout.startswith("breaking: new.json: field `a` got the new value `y`: consumers")
    written = relay("compare", *files, "--direction", "input")
    assert written.exit_code == 0
    assert written.stdout.startswith("harmless: new.json: field `a` got the new value `y`: what producers send")
    assert read.stdout.endswith("1 difference, 1 must not be published: keep what was, or publish a new version\n")
    assert written.stdout.endswith("1 difference, all harmless\n")


def test_compare_of_no_schema_is_wrong_usage(tmp_path: Path) -> None:
    """A file that is missing or no schema is told without a traceback."""
    (tmp_path / "a.json").write_text("{")
    assert relay("compare", tmp_path / "none.json", tmp_path / "a.json", "--direction", "input").exit_code == 2
    done = relay("compare", tmp_path / "a.json", tmp_path / "a.json", "--direction", "input")
    assert type(done.exception).__name__ == "ConfigurationError"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the folder should be; in a line, with what to choose instead."""
    (tmp_path / "file").write_text("")
    done = relay("write", "--folder", tmp_path / "file", "--docs", tmp_path)
    assert (done.exit_code, done.stderr.splitlines()) == (
        1,
        [f"{tmp_path / 'file'}: can't be written (File exists); choose others by --folder and --docs"],
    )
