"""Finds every log call of the product in its source: which line, at which levels, with which fields.

A call that can't be understood is an error, never left out.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LEVELS = ("debug", "info", "warning", "error", "critical")
AT_ONCE = "tell_all"  # writes many lines of one level, whose fields are in a list of dictionaries
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unclear(Exception):  # noqa: N818 - it says what the call is
    """A log call is written in a way that this module can't read; the message names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCall:
    """One call: the member of Line by its name, its levels and fields."""

    line: str
    levels: frozenset[str]
    fields: tuple[str, ...]
    place: str


def log_calls(files: Iterable[Path], root: Path) -> list[LogCall]:
    """Return all log calls of some modules, in the order of the source.

    Raises:
        Unclear: a call's level or fields can't be read from the source.

    """
    trees = {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}
    return [call for name, tree in trees.items() for call in _calls_in(name, tree, list(trees.values()))]


def _calls_in(name: str, tree: ast.Module, trees: Sequence[ast.Module]) -> Iterator[LogCall]:
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and (line := _line_in(node.args[0])) is not None:
            place = f"{name}:{node.lineno}"
            around = [
                function for function in functions if function.lineno <= node.lineno <= (function.end_lineno or 0)
            ]
            levels = _levels(node, around, trees)
            if not levels:
                raise Unclear(f"{place}: no level can be read from the call")
            yield LogCall(line=line, levels=levels, fields=tuple(_fields(node, functions, place)), place=place)


def _line_in(node: ast.expr) -> str | None:
    """Return X of `Line.X`."""
    is_line = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Line"
    return node.attr if isinstance(node, ast.Attribute) and is_line else None


def _levels(call: ast.Call, around: Sequence[Function], trees: Sequence[ast.Module]) -> frozenset[str]:
    """Return the levels of `log.info(…)`, or of `say(…)` where the function chose `say` or was given it."""
    if isinstance(call.func, ast.Attribute):
        return frozenset(_level_of(call.func))
    if not isinstance(call.func, ast.Name) or not around:
        return frozenset()
    if call.func.id == AT_ONCE:
        return frozenset({"info"})
    inner, said = around[-1], call.func.id
    chosen = [
        node.value
        for node in ast.walk(inner)
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == said for to in node.targets)
    ]
    return frozenset(level for node in [*chosen, *_given(inner.name, trees)] for level in _level_of(node))


def _given(function: str, trees: Sequence[ast.Module]) -> Iterator[ast.expr]:
    """Give every argument with which a function is called anywhere."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                yield from (*node.args, *(keyword.value for keyword in node.keywords))


def _level_of(node: ast.expr) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "log":
            level = "error" if inner.attr == "exception" else inner.attr
            if level in LEVELS:
                yield level


def _fields(call: ast.Call, functions: Sequence[Function], place: str) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "exception":
        yield "exception"
    if isinstance(call.func, ast.Name) and call.func.id == AT_ONCE:
        yield from _row_keys(call.args[1], place)
        return
    for keyword in call.keywords:
        if keyword.arg is None:
            yield from _returned_keys(keyword.value, functions, place)
        else:
            yield "exception" if keyword.arg == "exc_info" else keyword.arg


def _row_keys(rows: ast.expr, place: str) -> Iterator[str]:
    """Give the keys of the dictionaries of a list comprehension."""
    if not isinstance(rows, ast.ListComp) or not isinstance(rows.elt, ast.Dict):
        raise Unclear(f"{place}: the fields can't be read from a comprehension of dictionaries")
    yield from _constants(rows.elt.keys, place)


def _returned_keys(value: ast.expr, functions: Sequence[Function], place: str) -> Iterator[str]:
    """Give the keys of the dictionary that a function of the same module returns."""
    name = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else None
    returned = [
        node.value
        for function in functions
        if function.name == name
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
    ]
    keys = [key for node in returned if isinstance(node, ast.Dict) for key in node.keys]
    if not keys or not all(isinstance(node, ast.Dict) for node in returned):
        raise Unclear(f"{place}: the fields of `**` can't be read from a dictionary in the same module")
    yield from _constants(keys, place)


def _constants(keys: Sequence[ast.expr | None], place: str) -> Iterator[str]:
    for key in keys:
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise Unclear(f"{place}: a field's name is no constant")
        yield key.value
