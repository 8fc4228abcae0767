"""The ids that a message goes by: the one that was asked for, and in each account those that belong to it."""

from collections import defaultdict
from collections.abc import Iterator

from relay.core.model import Json
from relay.slot.keys import message_key

MAY_HIDE = (b"\\", b"&", b"\x00")  # an id may stand behind JSON's or XML's escapes, or in UTF-16
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
ESCAPED = {
    "/": b"\\/",
    '"': b'\\"',
    "\\": b"\\\\",
    "\b": b"\\b",
    "\f": b"\\f",
    "\n": b"\\n",
    "\r": b"\\r",
    "\t": b"\\t",
}
ANY_ESCAPED = b"\\u"  # JSON may write any sign so, and these in their own ways


class Names:
    """Knows which records mean the message. What is learned never leads to another message.

    A sender may use an extra_id again: so an id that was merely learned tells only of records that name no other.
    """

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self._messages: dict[str, set[str]] = defaultdict(lambda: {asked})
        self._extras: dict[str, set[str]] = defaultdict(lambda: {asked})
        self._signs = {asked.encode(), *MAY_HIDE}
        self.signs_in_json = {ANY_ESCAPED, *_written(asked)}

    def message_ids(self, account: str) -> set[str]:
        """Return the message's ids in the account."""
        return self._messages[account]

    def extra_ids(self, account: str) -> set[str]:
        """Return the senders' own ids of it."""
        return self._extras[account]

    def mean(self, account: str, message_id: str | None, extra_id: str | None) -> bool:
        """Tell whether what carries these ids is about the message."""
        if self.asked in (message_id, extra_id):
            return True
        if message_id is not None:
            return message_id in self._messages[account]
        return extra_id is not None and extra_id in self._extras[account]

    def learn(self, account: str, message_id: str | None, extra_id: str | None) -> None:
        """Take it that both ids are one message's; what has to do with another one is passed over."""
        if message_id is None or extra_id is None:
            return
        if extra_id == self.asked:
            self._messages[account].add(message_id)
            self._note(message_id)
        elif message_id in self._messages[account]:
            self._extras[account].add(extra_id)
            self._note(extra_id)

    def _note(self, name: str) -> None:
        self._signs.add(name.encode())
        self.signs_in_json.update(_written(name))

    def may_name(self, document: bytes) -> bool:
        """Tell, quickly, whether a document might hold one of the ids. `signs_in_json` tells so of many at once."""
        for sign in self._signs:  # noqa: SIM110 - half the time of any(), which counts here: it is asked of each record
            if sign in document:
                return True
        return False


def _written(name: str) -> Iterator[bytes]:
    """Give what JSON that holds the id has one of, but for ANY_ESCAPED; whatever it is encoded in."""
    yield from (name.encode(encoding) for encoding in ENCODINGS)
    yield from (escaped for sign, escaped in ESCAPED.items() if sign in name)


def ids_in(fields: Json) -> tuple[str | None, str | None]:
    """Return message_id and extra_id of decoded fields; a number counts as its text, for a sender may have slipped."""
    return _text(fields.get("message_id")), _text(fields.get("extra_id"))


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return None
    return str(value) if isinstance(value, str | int) else None


def state_key(account: str, message_id: str | None, extra_id: str | None) -> bytes:
    """Return the state topic's key of a message known by one of these ids."""
    return message_key(account, message_id) if message_id else f"lookup/{account}/extra/{extra_id}".encode()
