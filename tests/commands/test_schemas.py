"""`relay schemas` as CI and people run it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from relay.commands import app


def relay(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["schemas", *map(str, arguments)])


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
    stale, touched = done.stderr.splitlines()
    assert "events.md is stale" in stale
    assert "asyncapi.json was released and is not what it was" in touched


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


def test_compare_of_no_schema_is_wrong_usage(tmp_path: Path) -> None:
    """A file that is missing or no schema is told without a traceback."""
    (tmp_path / "a.json").write_text("{")
    assert relay("compare", tmp_path / "none.json", tmp_path / "a.json", "--direction", "input").exit_code == 2
    done = relay("compare", tmp_path / "a.json", tmp_path / "a.json", "--direction", "input")
    assert type(done.exception).__name__ == "ConfigurationError"
