"""Value objects that are made by the dozen for each message: frozen to the type checker, and cheap to build.

A frozen dataclass sets each field by a call of its own, which was an eighth of all that a lookup cost. Who may change a
value is a question of the source, so the type checker answers it. They have no slots: what writes their JSON reads a
dictionary of fields in half the time, and none of them is kept by the hundred thousand.
"""

import dataclasses
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as value_object
    from dataclasses import replace
    from enum import StrEnum as Word
else:

    class Word(StrEnum):
        """A word of a closed vocabulary, whose value is read in C: serializers do that for each word they write."""

        value = property(str.__str__)

    def value_object(*, frozen: bool, **options: Any) -> Any:
        """Make a dataclass that is compared and hashed by its fields as a frozen one is, but not guarded."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)

    def replace(value: Any, /, **changes: Any) -> Any:
        """Copy a value object but for some fields, whose names the type checker knows."""
        copy = object.__new__(type(value))
        copy.__dict__ = {**value.__dict__, **changes}
        return copy


__all__ = ["Word", "replace", "value_object"]
