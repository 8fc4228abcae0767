"""What the packages of Node.js are locked to."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = [path for folder in ("examples/*", "tests/*/*") for path in ROOT.glob(f"{folder}/package-lock.json")]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.parent.name)
def test_the_packages_of_node_are_locked_without_a_registry(path: Path) -> None:
    """Each package has its hash and no address, so that any registry serves; npm adds none by itself."""
    packages = {name: package for name, package in json.loads(path.read_bytes())["packages"].items() if name}
    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert "omit-lockfile-registry-resolved=true\n" in path.with_name(".npmrc").read_text("utf-8")


def test_every_lock_is_held_against_these_rules() -> None:
    """Those of the examples and those of the tests."""
    assert [path.parent.name for path in LOCKS] == ["node_kafkajs", "asyncapi_parser"]
