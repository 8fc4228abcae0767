"""Where in a contract a change is: a path of fields, named in the words of a message."""

from dataclasses import dataclass, replace

from relay.compatibility.changes import Change, Kind
from relay.compatibility.keywords import below


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A path such as `attempts[].reason.code`; `noun`: what its parts are called, such as field or header."""

    noun: str
    path: str = ""

    def field(self, name: str) -> "Place":
        """Give the place of a field of the object here."""
        return replace(self, path=below(self.path, name))

    def items(self) -> "Place":
        """Give the place of what the array here holds."""
        return replace(self, path=f"{self.path}[]")

    def change(self, what: str, kind: Kind) -> Change:
        """Give a change of what stands here."""
        return Change(subject=f"{self.noun} `{self.path}`" if self.path else "the whole", what=what, kind=kind)
