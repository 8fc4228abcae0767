"""What the README prints is what lies in the repository."""

import json
import re
import tomllib
from pathlib import Path

from relay.settings import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_event_is_an_example_of_the_contract() -> None:
    """The printed event is one of the tested examples."""
    folder = ROOT / "schemas/examples/status_changed/valid"
    (block,) = blocks("json")
    assert json.loads(block) in [json.loads(path.read_text()) for path in folder.glob("*.json")]


def test_the_consumer_is_the_file() -> None:
    """The printed consumer is the one that the suite runs."""
    (block,) = blocks("python")
    assert block == (ROOT / "tests/readme/consume.py").read_text()


def test_the_configurations_are_valid(tmp_path: Path) -> None:
    """Each printed relay.toml is accepted, the secret's file being there."""
    secret = tmp_path / "hyber"
    secret.write_text("password")
    for number, block in enumerate(blocks("toml")):
        tomllib.loads(block)
        path = tmp_path / f"{number}.toml"
        path.write_text(re.sub("/run/secrets/[a-z]+", str(secret), block))
        assert "hyber_main" in load_settings(path, {}).accounts
