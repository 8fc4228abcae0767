"""Holds the files of every release against the commit that brought them.

Their hashes lie beside them, so of whoever changes a file and its hash only git's history can tell.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_REMEDY = "take that back, and publish what is new as another version: `relay schemas release VERSION`"


class NoHistoryError(Exception):
    """Git can't tell what was released here; the text says why."""


def altered(released: Path) -> Iterator[str]:
    """Give a line for each file of a release that is gone, or is not what it was in the first commit that had it.

    Raises NoHistoryError without a repository, in a shallow clone, and where no release was ever committed.
    """
    if git(released, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise NoHistoryError("a shallow clone doesn't know what was released: fetch the whole history")
    if not (first := _first(released)):
        raise NoHistoryError(f"git knows no release in {released}")
    present = sorted(name for name in first if (released / name).is_file())
    now = dict(zip(present, git(released, "hash-object", "--no-filters", "--", *present).split(), strict=True))
    for name, blob in sorted(first.items()):
        version, _, file = name.partition("/")
        if now.get(name) != blob:
            what = "changed" if name in now else "deleted"
            yield f"release {version}: {file} was {what} after it was released: {_REMEDY}"


def _first(released: Path) -> dict[str, str]:
    """Give each file that a release ever had, and the hash by which git knows its first content."""
    # From the newest commit back, so that the oldest is what stays; with side branches, and what merges brought.
    walk = ("log", "--topo-order", "--full-history", "-m", "--no-renames", "--diff-filter=A", "--format=")
    said = git(released, *walk, "--raw", "--no-abbrev", "-z", "--relative", "--", ".").split("\0")
    added = zip(said[1::2], said[::2], strict=False)
    return {name: facts.split()[3] for name, facts in added if "/" in name}


def git(folder: Path, *words: str) -> str:
    """Return what git says in the folder; raises NoHistoryError where it can't."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # those of a hook
    try:
        done = subprocess.run(["git", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoHistoryError("git is not installed") from None
    if done.returncode:
        raise NoHistoryError(f"there is no history of git: {done.stderr.strip()}")
    return done.stdout
