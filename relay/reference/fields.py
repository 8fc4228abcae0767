"""A resolved schema as rows for people: each field's path, type in words, presence, meaning, and a value it had."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from relay.compatibility.keywords import Schema, alternatives, below, written

_BOUNDS: Final = (("minLength", "maxLength", " characters"), ("minimum", "maximum", ""), ("minItems", "maxItems", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field; `example` is JSON, or empty where no example has a value."""

    path: str
    type: str
    required: bool
    meaning: str
    example: str


def rows(schema: Schema, examples: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Give a row for each field, those of nested objects after their own object's."""
    return list(_object_rows(schema, "", list(examples)))


def _object_rows(node: Schema, place: str, found: Sequence[Any]) -> Iterator[Row]:
    required = node.get("required", ())
    for name, rule in node.get("properties", {}).items():
        path = below(place, name)
        values = [value[name] for value in found if isinstance(value, dict) and value.get(name) is not None]
        kinds = alternatives(rule)
        yield Row(
            path=path,
            type=" or ".join(map(_type, kinds)) + _default(rule),
            required=name in required,
            meaning=rule.get("description", ""),
            example=_example(values),
        )
        for kind in kinds:
            yield from _object_rows(kind, path, values)
            yield from _object_rows(
                kind.get("items", {}), f"{path}[]", [item for value in values for item in _list(value)]
            )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _example(values: Sequence[Any]) -> str:
    """Give the first value that is short enough for a table: not an object, nor a list of them."""
    plain = (
        value for value in values if not _is_object(value) and value != [] and not any(map(_is_object, _list(value)))
    )
    return next(map(written, plain), "")


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _type(node: Schema) -> str:
    if "enum" in node:
        return " or ".join(map(written, node["enum"]))
    bounds = "".join(_bound(node.get(least), node.get(most), unit) for least, most, unit in _BOUNDS)
    if node["type"] == "array":
        return f"array{bounds}{',' * bool(bounds)} of {' or '.join(map(_type, alternatives(node.get('items', {}))))}"
    words = "date-time" if node.get("format") == "date-time" else str(node["type"] or "anything")
    return words + bounds


def _default(rule: Schema) -> str:
    return f", default {written(rule['default'])}" if rule.get("default") is not None else ""


def _bound(least: int | None, most: int | None, unit: str) -> str:
    if most is not None:
        return f", {least or 0} to {most}{unit}"
    if least is None:
        return ""
    return ", not empty" if unit and least == 1 else f", at least {least}{unit}"
