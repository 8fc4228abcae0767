"""Two schemas → every difference between them. Pure; what it doesn't understand is a difference, too: UNCLEAR."""

from collections.abc import Iterator
from typing import Any, Final

from relay.compatibility.changes import Change, Kind
from relay.compatibility.keywords import (
    ANNOTATIONS,
    IDENTITY,
    LOWER_BOUNDS,
    UPPER_BOUNDS,
    NotUnderstood,
    Schema,
    alternatives,
    bare,
    resolved,
    written,
)
from relay.compatibility.objects import object_changes
from relay.compatibility.places import Place

_CONDITION: Final = ("if", "then", "else")


def compared(before: Schema, after: Schema, noun: str = "field") -> list[Change]:
    """Give the differences of two schemas; `noun`: what a property of theirs is called."""
    changes = [
        Change(subject=f"`{key}`", what=f"became {written(after.get(key))}", kind=Kind.REPLACED)
        for key in sorted(IDENTITY)
        if before.get(key) != after.get(key)
    ]
    try:
        return changes + list(node_changes(resolved(before), resolved(after), Place(noun=noun)))
    except NotUnderstood as error:
        place = Place(noun=noun, path=error.place)
        return [*changes, place.change(f"{error.what}, which the comparison does not understand", Kind.UNCLEAR)]


def node_changes(before: Schema, after: Schema, place: Place) -> Iterator[Change]:
    """Give the differences of two resolved schemas at one place."""
    if any(before.get(key) != after.get(key) for key in ANNOTATIONS):
        yield place.change("is described in other words", Kind.REWORDED)
    if written(before.get("default")) != written(after.get("default")):
        yield place.change(
            f"has the default {_default(after)} instead of {_default(before)}",
            Kind.DEFAULT,
        )
    if written(bare(before)) == written(bare(after)):
        yield from _reworded_below(alternatives(before), alternatives(after), place)
    else:
        yield from _alternative_changes(alternatives(before), alternatives(after), place)


def _default(node: Schema) -> str:
    return f"`{written(node['default'])}`" if "default" in node else "none"


def _reworded_below(before: list[dict[str, Any]], after: list[dict[str, Any]], place: Place) -> Iterator[Change]:
    """Give the differences of what objects and arrays hold whose rules are the same: words."""
    for kind in ("object", "array"):
        olds, news = ([one for one in side if one["type"] == kind] for side in (before, after))
        if len(olds) == len(news) == 1:
            yield from _rule_changes(olds[0], news[0], place)


def _alternative_changes(before: list[dict[str, Any]], after: list[dict[str, Any]], place: Place) -> Iterator[Change]:
    """Compare what is left of each type once the alternatives that did not change are taken away."""
    same = {written(bare(one)) for one in before} & {written(bare(one)) for one in after}
    old, new = ([one for one in side if written(bare(one)) not in same] for side in (before, after))
    if any(one["type"] is None for one in old) != any(one["type"] is None for one in new):
        yield _freedom_change(old, new, place)
        return
    if (fractions := _fraction_change(old, new, place)) is not None:
        yield fractions
        old, new = (
            [one | {"type": "number"} if one["type"] == "integer" else one for one in side] for side in (old, new)
        )
    for kind in dict.fromkeys(one["type"] for one in (*old, *new)):
        olds, news = ([one for one in side if one["type"] == kind] for side in (old, new))
        if len(olds) == len(news) == 1:
            yield from _rule_changes(olds[0], news[0], place)
        elif olds and news:
            yield place.change(f"has other alternatives of {_named(kind)}", Kind.UNCLEAR)
        elif news:
            yield place.change(f"may now be {_named(kind)}", Kind.WIDENED)
        else:
            yield place.change(f"may no longer be {_named(kind)}", Kind.NARROWED)


def _freedom_change(old: list[dict[str, Any]], new: list[dict[str, Any]], place: Place) -> Change:
    """Judge that a type was given up, or came where there was none."""
    free = {"type": None}
    if free in new:
        return place.change("may now be anything", Kind.WIDENED)
    if free in old:
        return place.change("may no longer be anything at all", Kind.NARROWED)
    return place.change("has a type on one side only", Kind.UNCLEAR)


def _fraction_change(old: list[dict[str, Any]], new: list[dict[str, Any]], place: Place) -> Change | None:
    """Tell that integers became numbers, or the reverse; both are the same value in JSON."""
    before, after = ({one["type"] for one in side} & {"integer", "number"} for side in (old, new))
    if (before, after) == ({"integer"}, {"number"}):
        return place.change("may now have a fraction", Kind.WIDENED)
    if (before, after) == ({"number"}, {"integer"}):
        return place.change("may no longer have a fraction", Kind.NARROWED)
    return None


def _named(kind: str | None) -> str:
    articles = {None: "anything", "null": "null", "integer": "an integer", "array": "an array", "object": "an object"}
    return articles.get(kind, f"a {kind}")


def _rule_changes(before: Schema, after: Schema, place: Place) -> Iterator[Change]:
    """Compare two alternatives of one type, rule by rule."""
    yield from _word_changes(before.get("enum"), after.get("enum"), place)
    yield from _bound_changes(before, after, place)
    for key in ("pattern", "format", "not"):
        yield from _opaque_changes(before.get(key), after.get(key), f"`{key}`", place)
    condition = [{key: node[key] for key in _CONDITION if key in node} or None for node in (before, after)]
    yield from _opaque_changes(condition[0], condition[1], "condition (`if`)", place)
    yield from _list_changes(before, after, place)
    if "items" in before or "items" in after:
        yield from node_changes(before.get("items", {}), after.get("items", {}), place.items())
    if {"properties", "required", "additionalProperties"} & (before.keys() | after.keys()):
        yield from object_changes(before, after, place, node_changes)


def _word_changes(before: list[Any] | None, after: list[Any] | None, place: Place) -> Iterator[Change]:
    if before is None and after is not None:
        yield place.change(f"is limited to {', '.join(map(_quoted, after))}", Kind.CLOSED)
    elif before is not None and after is None:
        yield place.change("is no longer limited to a list of values", Kind.WIDENED)
    elif before is not None and after is not None:
        old, new = ({written(value): value for value in values} for values in (before, after))
        for word in sorted(old.keys() - new.keys()):
            yield place.change(f"lost the value {_quoted(old[word])}", Kind.LOST_WORD)
        for word in sorted(new.keys() - old.keys()):
            yield place.change(f"got the new value {_quoted(new[word])}", Kind.WIDENED)


def _quoted(value: object) -> str:
    return f"`{value}`" if isinstance(value, str) else f"`{written(value)}`"


def _bound_changes(before: Schema, after: Schema, place: Place) -> Iterator[Change]:
    for key in sorted(LOWER_BOUNDS | UPPER_BOUNDS):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if old is None or new is None:
            kind = Kind.WIDENED if new is None else Kind.NARROWED
        else:
            kind = Kind.WIDENED if (new < old) == (key in LOWER_BOUNDS) else Kind.NARROWED
        yield place.change(f"has `{key}` {_or_none(new)} instead of {_or_none(old)}", kind)


def _or_none(value: object) -> str:
    return "none" if value is None else written(value)


def _opaque_changes(before: Any, after: Any, name: str, place: Place) -> Iterator[Change]:
    """Tell that a rule came or went; what lies between two of its kind can't be told."""
    if written(bare(before)) == written(bare(after)):
        return
    if before is None:
        yield place.change(f"has a new rule: {name}", Kind.NARROWED)
    elif after is None:
        yield place.change(f"lost a rule: {name}", Kind.WIDENED)
    else:
        yield place.change(f"has another {name}", Kind.UNCLEAR)


def _list_changes(before: Schema, after: Schema, place: Place) -> Iterator[Change]:
    """Compare the rules of `allOf`, each of which narrows, and of `anyOf`, each of which widens."""
    for key, gained, lost in (("allOf", Kind.NARROWED, Kind.WIDENED), ("anyOf", Kind.WIDENED, Kind.NARROWED)):
        if key == "anyOf" and (key in before) != (key in after):
            yield from _opaque_changes(before.get(key), after.get(key), f"`{key}`", place)
            continue
        old, new = ({written(bare(rule)) for rule in node.get(key, [])} for node in (before, after))
        if old - new and new - old:
            yield place.change(f"has other rules in `{key}`", Kind.UNCLEAR)
        elif new - old:
            yield place.change(f"has one more rule in `{key}`", gained)
        elif old - new:
            yield place.change(f"has one rule less in `{key}`", lost)
