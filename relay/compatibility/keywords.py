"""A JSON Schema made comparable: references resolved, constants as lists, alternatives listed type by type.

Knows every keyword that it lets pass; another one raises NotUnderstood, wherever it stands.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

IDENTITY: Final = frozenset({"$schema", "$id"})
ANNOTATIONS: Final = frozenset({"title", "description", "examples", "$comment", "deprecated"})
LOWER_BOUNDS: Final = frozenset({"minLength", "minimum", "exclusiveMinimum", "minItems"})
UPPER_BOUNDS: Final = frozenset({"maxLength", "maximum", "exclusiveMaximum", "maxItems"})
_ONE_SCHEMA: Final = frozenset({"items", "not", "if", "then", "else", "additionalProperties"})
_SCHEMAS: Final = frozenset({"anyOf", "allOf"})
_UNDERSTOOD: Final = (
    ANNOTATIONS
    | LOWER_BOUNDS
    | UPPER_BOUNDS
    | _ONE_SCHEMA
    | _SCHEMAS
    | {"$ref", "type", "enum", "const", "properties", "required", "pattern", "format", "default"}
)
_OF_TYPE: Final[Mapping[str | None, frozenset[str]]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "boolean": frozenset(),
    "null": frozenset(),
}
_OF_ANY_TYPE: Final = frozenset({"enum", "not", "anyOf", "allOf", "if", "then", "else"})
_DEFINITIONS: Final = "#/$defs/"


class NotUnderstood(ValueError):  # noqa: N818 - what it means is a verdict on a schema
    """A schema says something that can't be compared; `place` is where, as a path of fields."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(what)
        self.place = place
        self.what = what


def resolved(document: Schema) -> dict[str, Any]:
    """Give the schema with every reference replaced by what it names; raises NotUnderstood."""
    body = {key: value for key, value in document.items() if key not in IDENTITY | {"$defs"}}
    return _resolved(body, document.get("$defs", {}), "", ())


def _resolved(node: Any, definitions: Mapping[str, Any], place: str, within: tuple[str, ...]) -> dict[str, Any]:
    if node is True:
        return {}
    if not isinstance(node, dict):
        raise NotUnderstood(place, f"has the schema {json.dumps(node)}")
    if unknown := sorted(node.keys() - _UNDERSTOOD):
        raise NotUnderstood(place, f"has the keyword `{unknown[0]}`")
    if "const" in node and "enum" in node:
        raise NotUnderstood(place, "has `const` beside `enum`")
    if "$ref" in node:
        name = _referred(node, definitions, place, within)
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        return _resolved(definitions[name], definitions, place, (*within, name)) | siblings
    result = {key: _child(key, value, definitions, place, within) for key, value in node.items()}
    if "const" in result:
        result["enum"] = [result.pop("const")]
    return result


def _referred(node: Schema, definitions: Mapping[str, Any], place: str, within: tuple[str, ...]) -> str:
    """Give the name of the definition that is meant."""
    reference = str(node["$ref"])
    name = reference.removeprefix(_DEFINITIONS)
    if name == reference or name not in definitions:
        raise NotUnderstood(place, f"refers to `{reference}`, which is not a definition of the same file")
    if name in within:
        raise NotUnderstood(place, f"refers to `{reference}` from within itself")
    if beside := sorted(node.keys() - ANNOTATIONS - {"$ref", "default"}):
        raise NotUnderstood(place, f"has `{beside[0]}` beside a `$ref`")
    return name


def _child(key: str, value: Any, definitions: Mapping[str, Any], place: str, within: tuple[str, ...]) -> Any:
    if key == "properties":
        return {name: _resolved(rule, definitions, below(place, name), within) for name, rule in value.items()}
    if key in _SCHEMAS:
        if any("default" in rule for rule in value if isinstance(rule, dict)):
            raise NotUnderstood(place, f"has a default within `{key}`")
        return [_resolved(rule, definitions, place, within) for rule in value]
    if key == "additionalProperties" and isinstance(value, bool):
        return value
    if key in _ONE_SCHEMA:
        return _resolved(value, definitions, f"{place}[]" if key == "items" else place, within)
    return value


def below(place: str, name: str) -> str:
    """Give the path of a field of the object at a place."""
    return f"{place}.{name}" if place else name


def bare(node: Any) -> Any:
    """Give a resolved schema without what only describes it, and in one order: equal ones mean the same."""
    if not isinstance(node, dict):
        return node
    return {key: _bare_child(key, value) for key, value in sorted(node.items()) if key not in ANNOTATIONS}


def _bare_child(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: bare(rule) for name, rule in sorted(value.items())}
    if key in _SCHEMAS:
        return sorted((bare(rule) for rule in value), key=written)
    if key in _ONE_SCHEMA:
        return bare(value)
    return sorted(value, key=written) if key in {"enum", "required"} else value


def written(value: Any) -> str:
    """Give a value as JSON, in which 1 and true, or 1 and "1", are not the same."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def alternatives(node: Schema) -> list[dict[str, Any]]:
    """Give the alternatives of a resolved schema, each of one `type` (None: any) and with what concerns it only."""
    rules = node.keys() - ANNOTATIONS - {"default"}
    if rules == {"anyOf"}:
        return [alternative for branch in node["anyOf"] for alternative in alternatives(branch)]
    return list(_of_types(node))


def _of_types(node: Schema) -> Iterator[dict[str, Any]]:
    for kind in _types(node):
        concerned = _OF_ANY_TYPE | _OF_TYPE.get(kind, _UNDERSTOOD)
        rules = {key: value for key, value in node.items() if key in concerned - ANNOTATIONS - {"type", "default"}}
        if kind is not None and "enum" in rules:
            rules["enum"] = [value for value in rules["enum"] if _is_of(value, kind)]
        yield rules | {"type": kind}


def _types(node: Schema) -> Sequence[str | None]:
    kinds = node.get("type")
    if kinds is None and "enum" in node:
        return sorted({_type_of(value) for value in node["enum"]})
    return list(kinds) if isinstance(kinds, list) else [kinds]


def _is_of(value: object, kind: str) -> bool:
    actual = _type_of(value)
    return actual == kind or (actual, kind) == ("integer", "number")


def _type_of(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return "integer"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
