"""The commands by name: all are there, and one that only reads doesn't wait for what others import."""

import json
import subprocess
import sys

import pytest
from typer import Context
from typer.main import get_command
from typer.testing import CliRunner

from relay.commands import app
from relay.commands.group import NAMES, Commands

HEAVY = ("aiohttp", "faststream", "uvloop", "relay.app", "relay.demo", "relay.simulator", "relay.observe.health")
LIGHT = ("explain", "events", "dead-letters", "topics")


@pytest.mark.parametrize("name", LIGHT)
def test_a_command_that_only_reads_imports_no_server(name: str) -> None:
    """Each of them takes a good part of a second, which an operator would wait for at every call."""
    code = "import sys; from relay.commands import main\ntry: main([sys.argv[1], '--help'])\nexcept SystemExit: pass\n"
    code += "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, check=True, text=True)
    imported = json.loads(done.stderr)
    assert f"relay.commands.{name.replace('-', '_')}" in imported
    assert [heavy for heavy in HEAVY if heavy in imported] == []


def test_the_help_names_every_command() -> None:
    """In the order in which a newcomer meets them, each with what it does."""
    shown = CliRunner().invoke(app, ["--help"]).output
    places = [shown.index(f"│ {name} ") for name in NAMES]
    assert places == sorted(places)


def test_an_unknown_command_is_wrong_usage() -> None:
    """It is named, and what it may mean; exit code 2."""
    done = CliRunner().invoke(app, ["explian"])
    assert done.exit_code == 2
    assert "explian" in done.output
    assert "Did you mean 'explain'" in done.output


def test_a_command_bears_its_own_name() -> None:
    """As its help and its mistakes print it."""
    group = get_command(app)
    assert isinstance(group, Commands)
    commands = [group.get_command(Context(group), name) for name in NAMES]
    assert [command.name for command in commands] == list(NAMES)


@pytest.mark.parametrize(
    "arguments",
    [
        ["schemas", "write"],
        ["schemas", "check"],
        ["schemas", "release"],
        ["schemas", "compare"],
        ["broker"],
        ["simulate"],
    ],
)
def test_every_command_takes_a_configuration(arguments: list[str]) -> None:
    """Those that read nothing of it say so."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*arguments, "--help"])
    assert "--config" in done.stdout


@pytest.mark.parametrize("command", ["broker", "simulate"])
@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_cannot_be_is_wrong_usage(command: str, port: str) -> None:
    """With the bounds, and without a traceback."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [command, "--port", port])
    assert done.exit_code == 2
    assert "--port" in done.stderr
