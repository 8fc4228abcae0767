"""AsyncAPI's own parser, from npm, takes the document; it knows rules that AsyncAPI's schema can't say."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.programs import node_command

SCRIPT: Final = Path(__file__).parent / "asyncapi_parser/parse.mjs"
DOCUMENT: Final = Path(__file__).parents[2] / "docs/asyncapi.json"


def parsed(document: Path) -> tuple[int, list[str]]:
    """Run the parser; return its exit code and what it printed, a line for each finding and one at the end."""
    command = [*node_command(SCRIPT), str(document)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_the_parser_takes_the_document() -> None:
    """Without an error or a warning, and with every channel."""
    code, lines = parsed(DOCUMENT)
    channels = len(json.loads(DOCUMENT.read_bytes())["channels"])
    assert (code, lines[-1]) == (0, f"valid, {channels} channels"), lines
    assert [line for line in lines if line.startswith(("error", "warning"))] == []


def an_action_of_another_version(document: dict[str, Any]) -> None:
    """Say `publish`, as AsyncAPI 2 did."""
    document["operations"]["seen"]["action"] = "publish"


def a_message_of_another_channel(document: dict[str, Any]) -> None:
    """Let an operation name a message that its channel doesn't have, which the schema can't see."""
    document["operations"]["seen"]["messages"] = [{"$ref": "#/channels/failed/messages/failed"}]


def a_reference_into_nothing(document: dict[str, Any]) -> None:
    """Name a schema that is not there, which the schema can't see."""
    document["components"]["messages"]["seen"]["payload"] = {"$ref": "#/components/schemas/nothing"}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (an_action_of_another_version, "operations.seen.action"),
        (a_message_of_another_channel, "operations.seen.messages.0"),
        (a_reference_into_nothing, "components.messages.seen.payload"),
    ],
)
def test_the_parser_refuses_a_broken_document(
    tmp_path: Path, broken: Callable[[dict[str, Any]], None], says: str
) -> None:
    """It names the place, and the script ends with 1."""
    document = json.loads(DOCUMENT.read_bytes())
    broken(document)
    path = tmp_path / "asyncapi.json"
    path.write_text(json.dumps(document))
    code, lines = parsed(path)
    assert code == 1
    assert any(says in line for line in lines if line.startswith(("error", "warning"))), lines
