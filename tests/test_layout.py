"""How the code is laid out: who may import whom, how long things may be, and what every test has."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.observe.lines import Line
from relay.providers import PROVIDERS

ROOT = Path(__file__).parent.parent
PRODUCT = sorted((ROOT / "relay").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PURE = {
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "hashlib",
    "json",
    "math",
    "typing",
    "zlib",
}
"""What of the standard library the core may use: nothing with a clock, a socket or a file."""
LONGEST_MODULE, LONGEST_FUNCTION = 250, 45
DECLARATIONS = {"relay/core/events.py:build_event"}  # one line for each field of the contract


def name_of(path: Path) -> str:
    """Return a module's path from the root."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """Return a module as a tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Return the dotted names that a module imports, wherever it does."""
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give all functions of a module."""
    yield from (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("path", sorted((ROOT / "relay/core").glob("*.py")), ids=name_of)
def test_the_core_is_pure(path: Path) -> None:
    """It imports itself and the part of the standard library that does no I/O and reads no clock."""
    strangers = {name for name in imported(path) if name.split(".")[0] not in PURE | {"relay"}}
    strangers |= {name for name in imported(path) if name.startswith("relay.") and not name.startswith("relay.core")}
    assert not strangers


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_imports_no_other(provider: str) -> None:
    """Adding or removing a provider touches its folder and its line only."""
    others = tuple(f"relay.providers.{other}" for other in PROVIDERS if other != provider)
    for path in (ROOT / "relay/providers" / provider).rglob("*.py"):
        assert not [name for name in imported(path) if name.startswith(others)] or not others


def test_nothing_imports_the_composition_root() -> None:
    """Only the commands know `relay.app`, and only the entry points know the commands."""
    for path in PRODUCT:
        name = name_of(path)
        if name.startswith(("relay/commands/", "relay/demo/")) or name == "relay/__main__.py":  # a command, too
            continue
        above = {module for module in imported(path) if module.startswith(("relay.app", "relay.commands"))}
        assert not above, f"{name} imports {above}"


def test_modules_and_functions_are_short() -> None:
    """What is longer says more than one thing."""
    long_modules = {
        name_of(path) for path in PRODUCT if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE
    }
    assert not long_modules
    long_functions = {
        f"{name_of(path)}:{function.name}"
        for path in PRODUCT
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
    }
    assert long_functions <= DECLARATIONS


def test_every_test_says_what_it_shows() -> None:
    """Each test is a plain function with a docstring."""
    mute = {
        f"{name_of(path)}:{function.name}"
        for path in TESTS
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    }
    assert not mute


def test_there_are_no_mocks() -> None:
    """Fakes are written by hand."""
    for path in [*PRODUCT, *TESTS]:
        assert not [name for name in imported(path) if name.startswith(("unittest.mock", "mock"))]


def test_every_line_is_logged_somewhere() -> None:
    """A declared line that nothing logs would promise operators what never comes."""
    source = "".join(path.read_text(encoding="utf-8") for path in PRODUCT if path.name != "lines.py")
    unused = {line.value for line in Line if f"Line.{line.name}" not in source}
    assert unused == set()
