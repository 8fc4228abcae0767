"""What is shown of the events that come: which are wanted, and the line of each. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.text import Text

from relay.core.model import Json
from relay.explain.names import ids_in
from relay.printable import printable

COLOURS: Mapping[str, str] = {"delivered": "green", "seen": "cyan", "failed": "bold red", "answered": "magenta"}
_INSTANT, _TYPE, _ID = 24, 9, 36
REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events are wanted; what is empty or None leaves none out."""

    accounts: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    message: str | None = None

    def has(self, event: Json) -> bool:
        """Tell whether an event is wanted; a message goes by its message_id or its extra_id."""
        return (
            (not self.accounts or event["account"] in self.accounts)
            and (not self.types or _word(event.get("type")) in self.types)
            and (self.message is None or self.message in ids_in(event))
        )


@dataclass(slots=True)
class Shown:
    """Remembers the newest events that were shown: one that comes again is republished, or a duplicate."""

    _ids: dict[str, None] = field(default_factory=dict)

    def again(self, event: Json) -> bool:
        """Tell whether the event was shown before, as far back as is remembered, and remember it."""
        event_id = str(event.get("event_id"))
        known = self._ids.pop(event_id, event_id) is None
        self._ids[event_id] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]
        return known


def line_of(event: Json, accounts: Iterable[str], *, again: bool = False) -> Text:
    """Return an event's line; `accounts`: those whose names the column should hold; `again`: it was shown before."""
    width = max(map(len, accounts), default=0)
    kind = _word(event.get("type"))
    message_id, extra_id = ids_in(event)
    line = Text.assemble(
        (_word(event.get("observed_at")).ljust(_INSTANT), "dim"),
        "  ",
        (kind.ljust(_TYPE), COLOURS.get(kind, "")),
        f"  {_word(event['account']).ljust(width)}  {_word(event.get('provider'))}",
        "  ",
        ((printable(message_id) if message_id is not None else f"extra:{_word(extra_id)}").ljust(_ID), "bold"),
        f"  #{_word(event['sequence'])}  {_word(event.get('channel'))}",
    )
    for word in _more(event):
        line.append(f"  {printable(word)}")
    return line.append("  again (same event_id)") if again else line


def _more(event: Json) -> Iterable[str]:
    reason, call, recipient = event.get("reason"), event.get("call"), event.get("recipient")
    if isinstance(reason, dict):
        yield " ".join(str(word) for word in (reason.get("category"), reason.get("code")) if word is not None)
    if isinstance(call, dict) and call.get("outcome") is not None:
        yield f"call {call['outcome']}"
    if recipient is not None:
        yield f"to {recipient}"
    if event.get("inferred"):
        yield "inferred"
    if event.get("supersedes"):
        yield "corrects an earlier event"


def _word(value: object) -> str:
    return "-" if value is None else printable(str(value))
