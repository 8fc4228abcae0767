"""Programs that a machine may have or not: each is found, or the test is skipped with a word."""

import fcntl
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

OLDEST_NODE: Final = 20
UNREACHABLE: Final = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENOTCACHED", "E503")


def present(program: str) -> str:
    """Return the program's path, or skip the test."""
    if (path := shutil.which(program)) is None:
        pytest.skip(f"{program} is not installed")
    return path


def output(*command: str) -> str:
    """Return what a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def node_command(script: Path) -> list[str]:
    """Return the command of a script, with the packages installed that the lock beside it holds."""
    node, npm, folder = present("node"), present("npm"), script.parent
    if (major := int(output(node, "--version").lstrip("v").split(".")[0])) < OLDEST_NODE:
        pytest.skip(f"Node.js {major} is older than {OLDEST_NODE}")
    lock, installed = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several processes run tests
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            _install(npm, folder)
    return [node, str(script)]


def _install(npm: str, folder: Path) -> None:
    """Install what the lock holds; only a registry that can't be reached is a reason to skip."""
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip(f"the packages of {folder.name} can't be had: the registry can't be reached")
    assert done.returncode == 0, done.stderr
