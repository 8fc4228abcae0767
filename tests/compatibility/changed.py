"""Changes of the released schemas, one by one: what each does, and what the gate must say of it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from relay.compatibility.changes import Verdict
from relay.contracts import schemas

HARMLESS, BREAKING, UNCLASSIFIED = Verdict.HARMLESS, Verdict.BREAKING, Verdict.UNCLASSIFIED

Edit = Callable[[Any], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change of one schema: how it is made, its verdict, and words of the sentence that tells it."""

    name: str
    schema: str
    edit: Edit
    verdict: Verdict
    says: str

    def before(self) -> dict[str, Any]:
        """Give the schema as it is."""
        return schemas.generate(self.schema)

    def after(self) -> dict[str, Any]:
        """Give the changed schema."""
        changed = copy.deepcopy(self.before())
        self.edit(changed)
        return changed


def field(name: str, **rule: Any) -> Edit:
    """Replace or add a field, at the top or, with a dot, in a definition."""
    return lambda schema: _object(schema, name)["properties"].update({_last(name): rule})


def without(name: str) -> Edit:
    """Remove a field altogether."""

    def edit(schema: Any) -> None:
        del _object(schema, name)["properties"][_last(name)]
        if _last(name) in _object(schema, name)["required"]:
            optional(name)(schema)

    return edit


def optional(name: str) -> Edit:
    """Let a field be absent."""
    return lambda schema: _object(schema, name)["required"].remove(_last(name))


def required(name: str) -> Edit:
    """Demand a field."""
    return lambda schema: _object(schema, name)["required"].append(_last(name))


def ruled(name: str, **rules: Any) -> Edit:
    """Add to the rules of a field, or replace some."""
    return lambda schema: _object(schema, name)["properties"][_last(name)].update(rules)


def unruled(name: str, *keys: str) -> Edit:
    """Take rules from a field."""
    return lambda schema: [_object(schema, name)["properties"][_last(name)].pop(key) for key in keys]


def of(definition: str, **rules: Any) -> Edit:
    """Add to the rules of a definition, or of the whole by an empty name."""
    return lambda schema: (schema["$defs"][definition] if definition else schema).update(rules)


def lost(definition: str, *keys: str) -> Edit:
    """Take rules from a definition, or from the whole by an empty name."""
    return lambda schema: [(schema["$defs"][definition] if definition else schema).pop(key) for key in keys]


def both(*edits: Edit) -> Edit:
    """Do several things."""
    return lambda schema: [edit(schema) for edit in edits]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _object(schema: Any, name: str) -> Any:
    definition, dot, _ = name.rpartition(".")
    return schema["$defs"][definition] if dot else schema


NULL: Final = {"type": "null"}


def nullable(**rule: Any) -> dict[str, Any]:
    """Give a rule that also lets null through."""
    return {"anyOf": [rule, NULL]}


def case(schema: str, verdict: Verdict, name: str, edit: Edit, says: str = "") -> Case:
    """Name a change."""
    return Case(name=name, schema=schema, edit=edit, verdict=verdict, says=says)
