"""For any two schemas: where the gate says harmless, no value shows it wrong.

Drawn by a plain generator: schemas must meet values, and each other, far more often than arbitrary ones do.
"""

from random import Random
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from relay.compatibility.changes import Direction, Kind, Verdict, judged
from relay.compatibility.comparing import compared

TYPES: Final = ["string", "integer", "number", "boolean", "null", "object", "array"]
WORDS: Final = ["a", "b", "ab", "", 0, 1, 2, 1.5, True, False, None]
NAMES: Final = ["x", "y"]
PAIRS: Final = 150


def a_schema(random: Random, depth: int = 0) -> dict[str, Any]:
    """Give a schema of the keywords that the gate understands."""
    keys = random.sample(sorted(RULES if depth < 2 else FLAT), random.choice([0, 1, 1, 2, 3]))
    schema = {key: RULES[key](random, depth + 1) for key in keys}
    if "enum" in schema:
        schema.pop("const", None)
    return schema


FLAT: Final[dict[str, Any]] = {
    "type": lambda random, _: random.choice([random.choice(TYPES), random.sample(TYPES, 2)]),
    "enum": lambda random, _: random.sample(WORDS, random.randint(1, 4)),
    "const": lambda random, _: random.choice(WORDS),
    "minLength": lambda random, _: random.randint(0, 2),
    "maxLength": lambda random, _: random.randint(0, 2),
    "minimum": lambda random, _: random.randint(0, 2),
    "exclusiveMaximum": lambda random, _: random.randint(0, 2),
    "pattern": lambda random, _: random.choice(["^a", "b$"]),
    "maxItems": lambda random, _: random.randint(0, 2),
    "required": lambda random, _: random.sample(NAMES, random.randint(0, 2)),
}
RULES: Final[dict[str, Any]] = FLAT | {
    "items": a_schema,
    "properties": lambda random, depth: {
        name: a_schema(random, depth) for name in random.sample(NAMES, 2)[: depth + 1]
    },
    "additionalProperties": lambda random, depth: random.choice([True, False, a_schema(random, depth)]),
    "not": a_schema,
    "if": a_schema,
    "then": a_schema,
    "anyOf": lambda random, depth: [a_schema(random, depth) for _ in range(random.randint(1, 2))],
    "allOf": lambda random, depth: [a_schema(random, depth) for _ in range(random.randint(1, 2))],
}


def changed(random: Random, schema: Any, depth: int = 0) -> Any:
    """Give the schema with something in it gone, new or different."""
    if not isinstance(schema, dict):
        return schema
    after = dict(schema)
    inner = [
        key for key in ("items", "not", "if", "additionalProperties", "properties", "anyOf", "allOf") if key in after
    ]
    if inner and random.random() < 0.5:
        key = random.choice(inner)
        after[key] = _changed_inner(random, key, after[key], depth)
    elif after and random.random() < 0.4:
        after.pop(random.choice(sorted(after)))
    else:
        after |= a_schema(random, depth)
    return after


def _changed_inner(random: Random, key: str, value: Any, depth: int) -> Any:
    if key == "properties":
        return {name: changed(random, rule, depth + 1) for name, rule in value.items() if random.random() < 0.8}
    if key in {"anyOf", "allOf"}:
        more = [a_schema(random, depth + 1)] if random.random() < 0.3 else []
        return [changed(random, rule, depth + 1) if random.random() < 0.5 else rule for rule in value] + more
    return changed(random, value, depth + 1)


def a_value(random: Random, depth: int = 0) -> Any:
    """Give a value of the few that the schemas talk of."""
    kind = random.random()
    if depth > 1 or kind < 0.5:
        return random.choice(WORDS)
    if kind < 0.65:
        return [a_value(random, depth + 1) for _ in range(random.randint(0, 3))]
    return {name: a_value(random, depth + 1) for name in random.sample([*NAMES, "z"], random.randint(0, 3))}


def refuted(before: dict[str, Any], after: dict[str, Any], values: list[Any]) -> tuple[int, Any]:
    """Count the harmless verdicts on a change of which something is said, and give a value that shows one wrong."""
    found = compared(before, after)
    old, new = Draft202012Validator(before), Draft202012Validator(after)
    judgements = 0
    for direction, written, read in ((Direction.OUTPUT, new, old), (Direction.INPUT, old, new)):
        harmless = all(judged(change, direction, "x").verdict is Verdict.HARMLESS for change in found)
        new_name = any(change.kind is Kind.ADDED for change in found)
        if not harmless or (direction is Direction.INPUT and new_name):
            continue
        judgements += bool(found)
        for value in values:
            if written.is_valid(value) and not read.is_valid(value):
                return judgements, (direction, value, found)
    return judgements, None


@pytest.mark.parametrize("seed", range(8))
def test_harmless_is_never_wrong(seed: int) -> None:
    """For readers it widens nothing, for writers it narrows nothing but a name that nobody knew."""
    random = Random(seed)
    judgements = 0
    for _ in range(PAIRS):
        before = a_schema(random)
        after = changed(random, before)
        count, wrong = refuted(before, after, [a_value(random) for _ in range(30)])
        assert wrong is None, (before, after, wrong)
        judgements += count
    assert judgements > PAIRS / 10
