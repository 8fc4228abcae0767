"""Value objects that are made by the dozen for each message: frozen to the type checker, and cheap to build.

A frozen dataclass sets each field by a call of its own, which was an eighth of all that a lookup cost. Who may change a
value is a question of the source, so the type checker answers it.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as value_object
else:

    def value_object(*, frozen: bool, **options: Any) -> Any:
        """Make a dataclass that is compared and hashed by its fields as a frozen one is, but not guarded."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)


__all__ = ["value_object"]
