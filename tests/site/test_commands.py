"""Every command that a page names exists, with its options, and the quickstart's configuration is taken."""

from pathlib import Path

import pytest

from relay.settings import load_settings
from tests.site.commands import commands, faults
from tests.site.pages import ROOT, page_paths, page_text, read


@pytest.mark.parametrize("path", page_paths(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_exists(path: Path) -> None:
    """What a reader types is there."""
    assert {" ".join(words): faults(words) for words in commands(page_text(path)) if faults(words)} == {}


def test_the_configuration_of_the_quickstart_is_that_of_the_readme(tmp_path: Path) -> None:
    """It is accepted, and a reader may change from one page to the other half way."""
    (block,) = page_text(ROOT / "docs/quickstart.md").toml
    assert block == page_text(ROOT / "README.md").toml[0]
    path = tmp_path / "relay.toml"
    path.write_text(block)
    assert set(load_settings(path, {}).accounts) == {"hyber_main", "voice"}


def test_the_commands_of_the_readme_are_found() -> None:
    """The search sees those between backticks, those in blocks, and those that run in the background."""
    found = [" ".join(words) for words in commands(page_text(ROOT / "README.md"))]
    assert {"make demo", ".venv/bin/relay simulate --speed 60", ".venv/bin/relay run", "relay explain MESSAGE_ID"} <= {
        *found
    }


@pytest.mark.parametrize(
    "command",
    [
        "relay expalin MESSAGE_ID",
        "relay explain --acount NAME",
        "relay topics create|chek",
        "relay run now",
        "relay explain ONE TWO",
        "make demos",
        "make chaos ROUND=3",
        "python -m tests.nothing",
        "python tests/nothing.py",
        "node examples/node_kafkajs/nothing.mjs",
        'java -cp "$CLASS_PATH" examples/java/Nothing.java',
        "kubectl exec delivery-relay-0 -- relay chek",
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str) -> None:
    """A slip in a name, an option, a variable or a path; both between backticks and in a block."""
    for page in (f"Try `{command}`.", f"```console\n{command} &   # and see\n```\n"):
        assert [fault for words in commands(read(page)) for fault in faults(words)] != []


@pytest.mark.parametrize(
    "command",
    [
        "relay explain --account NAME --json",
        "relay topics create|check --config=x.toml",
        "relay --version",
        "relay demo --messages 20 --keep",
        "relay.inbox.v1",
        "make chaos ROUNDS=100 SEED=7 BROKERS=3",
        "python -m tests.chaos --rounds 3",
        "curl -d '{}' http://REPLICA:8080/ready",
        "don't",
    ],
)
def test_a_command_that_exists_is_accepted(command: str) -> None:
    """So is what is no command of ours."""
    assert [fault for words in commands(read(f"`{command}`")) for fault in faults(words)] == []
