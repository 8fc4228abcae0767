"""A released file stays what it was in the commit that brought it, whatever its hash says."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.compatibility.history import NoHistoryError, altered, git

RELEASED: Final = Path(__file__).parents[2] / "schemas/released"
SCHEMA: Final = "1.0.0/seen.schema.json"
EXAMPLE: Final = "1.0.0/examples/seen.json"
IDENTITY: Final = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false")


def test_no_released_file_was_altered() -> None:
    """The gate itself, over the history of this repository."""
    try:
        lines = list(altered(RELEASED))
    except NoHistoryError as error:
        pytest.skip(f"what was released can't be held against its history: {error}")
    assert lines == []


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """Give the folder of the releases in a repository in which 1.0.0 was released."""
    folder = tmp_path / "repository/schemas/released"
    folder.mkdir(parents=True)
    git(tmp_path / "repository", "init", "--quiet", "--initial-branch=main")
    put(folder, SCHEMA, "{}")
    put(folder, EXAMPLE, "1")
    put(folder, "hashes.json", "of 1.0.0")
    commit(folder)
    return folder


def put(released: Path, name: str, text: str) -> None:
    """Write a file."""
    path = released / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def commit(released: Path) -> None:
    """Commit everything."""
    git(released, "add", "--all", ":/")
    git(released, *IDENTITY, "commit", "--quiet", "--message", "x")


def merge(released: Path, *more: str) -> None:
    """Merge the branch `side` in a commit of its own."""
    git(released, *IDENTITY, "merge", "--quiet", "--no-ff", "--message", "x", *more, "side")


def nothing(_: Path) -> None:
    """Do nothing."""


def another_release(released: Path) -> None:
    """Release 1.1.0, with its hashes among those of before."""
    put(released, "1.1.0/seen.schema.json", "{1}")
    put(released, "hashes.json", "of 1.0.0 and 1.1.0")
    commit(released)


def a_change_taken_back(released: Path) -> None:
    """Change a released file, and restore it."""
    put(released, SCHEMA, "{1}")
    commit(released)
    put(released, SCHEMA, "{}")
    commit(released)


def a_release_by_a_merge(released: Path) -> None:
    """Release on a branch, while the main line goes on."""
    git(released, "switch", "--quiet", "--create", "side")
    another_release(released)
    git(released, "switch", "--quiet", "main")
    put(released, "../seen.schema.json", "{1}")
    commit(released)
    merge(released)


@pytest.mark.parametrize("history", [nothing, another_release, a_change_taken_back, a_release_by_a_merge])
def test_a_history_that_keeps_its_releases_is_accepted(released: Path, history: Callable[[Path], None]) -> None:
    """New releases and their hashes are no change, nor is what was put right."""
    history(released)
    assert list(altered(released)) == []


def changed_with_its_hash(released: Path) -> None:
    """Change what the hashes alone don't tell."""
    put(released, SCHEMA, "{1}")
    put(released, "hashes.json", "of another 1.0.0")
    commit(released)


def changed_and_not_committed(released: Path) -> None:
    """Before it is too late."""
    put(released, SCHEMA, "{1}")


def changed_long_ago(released: Path) -> None:
    """With a release since."""
    changed_with_its_hash(released)
    another_release(released)


def deleted_and_made_anew(released: Path) -> None:
    """As another file of the same name."""
    (released / SCHEMA).unlink()
    commit(released)
    changed_with_its_hash(released)


def changed_on_a_branch(released: Path) -> None:
    """And merged."""
    git(released, "switch", "--quiet", "--create", "side")
    changed_with_its_hash(released)
    git(released, "switch", "--quiet", "main")
    merge(released)


def changed_in_a_merge(released: Path) -> None:
    """By the very commit that merges another release."""
    git(released, "switch", "--quiet", "--create", "side")
    another_release(released)
    git(released, "switch", "--quiet", "main")
    merge(released, "--no-commit")
    put(released, SCHEMA, "{1}")
    commit(released)


def deleted(released: Path) -> None:
    """With nothing in its place."""
    (released / SCHEMA).unlink()
    commit(released)


def renamed(released: Path) -> None:
    """With the same content elsewhere."""
    (released / SCHEMA).rename(released / "1.0.0/other.schema.json")
    commit(released)


def brought_by_a_merge_and_changed(released: Path) -> None:
    """Release 1.1.0 in the very commit that merges something else, and change it."""
    git(released, "switch", "--quiet", "--create", "side")
    put(released, "../seen.schema.json", "{1}")
    commit(released)
    git(released, "switch", "--quiet", "main")
    merge(released, "--no-commit")
    another_release(released)
    put(released, "1.1.0/seen.schema.json", "{2}")
    commit(released)


def dropped_by_a_merge(released: Path) -> None:
    """Release 1.1.0 on a branch, and merge it without its files."""
    git(released, "switch", "--quiet", "--create", "side")
    another_release(released)
    git(released, "switch", "--quiet", "main")
    merge(released, "--strategy=ours")


CHANGED: Final = [
    changed_with_its_hash,
    changed_and_not_committed,
    changed_long_ago,
    deleted_and_made_anew,
    changed_on_a_branch,
    changed_in_a_merge,
]


@pytest.mark.parametrize(
    ("history", "version", "what"),
    [
        *((history, "1.0.0", "changed") for history in CHANGED),
        (deleted, "1.0.0", "deleted"),
        (renamed, "1.0.0", "deleted"),
        (brought_by_a_merge_and_changed, "1.1.0", "changed"),
        (dropped_by_a_merge, "1.1.0", "deleted"),
    ],
)
def test_a_history_that_alters_a_release_is_refused(
    released: Path, history: Callable[[Path], None], version: str, what: str
) -> None:
    """The line names the release and the file, and says what to do instead."""
    history(released)
    (line,) = altered(released)
    remedy = "take that back, and publish what is new as another version: `relay schemas release VERSION`"
    assert line == f"release {version}: seen.schema.json was {what} after it was released: {remedy}"


def test_a_whole_release_that_is_gone_is_told_file_by_file(released: Path) -> None:
    """Even where nothing of it is left."""
    git(released, "rm", "-r", "--quiet", "1.0.0")
    commit(released)
    assert [line.partition(" after")[0] for line in altered(released)] == [
        "release 1.0.0: examples/seen.json was deleted",
        "release 1.0.0: seen.schema.json was deleted",
    ]


def test_without_its_history_nothing_is_judged(released: Path, tmp_path: Path) -> None:
    """A shallow clone would take what it sees for what was released; an archive has no history at all."""
    changed_with_its_hash(released)
    git(tmp_path, "clone", "--quiet", "--depth=1", (tmp_path / "repository").as_uri(), "shallow")
    with pytest.raises(NoHistoryError, match="a shallow clone doesn't know"):
        list(altered(tmp_path / "shallow/schemas/released"))
    archive = tmp_path / "archive"
    put(archive, SCHEMA, "{}")
    with pytest.raises(NoHistoryError, match=r"there is no history of git: .*not a git repository"):
        list(altered(archive))
    git(archive, "init", "--quiet")
    put(archive, "README.md", "x")
    git(archive, "add", "README.md")
    git(archive, *IDENTITY, "commit", "--quiet", "--message", "x")
    with pytest.raises(NoHistoryError, match="git knows no release"):
        list(altered(archive))
