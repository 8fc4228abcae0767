"""How states and inbox records look on their topics: JSON with a version, readable with topic tools."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from relay.core.collecting import AccountState
from relay.core.model import MessageState, Requested

_T = TypeVar("_T")
VERSION = b'{"v":1,'

_STATE = TypeAdapter(MessageState)
_REQUESTED = TypeAdapter(Requested)
_ACCOUNT = TypeAdapter(AccountState)


class UnreadableInternal(ValueError):  # noqa: N818 - it states what the record is
    """A record of an internal topic isn't what this version of the relay writes."""


def encode_state(state: MessageState) -> bytes:
    """Return the state as the value of its record; fields at their defaults are left out."""
    return VERSION + _STATE.dump_json(state, exclude_defaults=True)[1:]


def decode_state(value: bytes) -> MessageState:
    """Return the state a record holds.

    Raises:
        UnreadableInternal: the value is of another version, or damaged.

    """
    return _decoded(_STATE, value)


def encode_account(state: AccountState) -> bytes:
    """Return an account's state as the value of its record."""
    return VERSION + _ACCOUNT.dump_json(state, exclude_defaults=True)[1:]


def decode_account(value: bytes) -> AccountState:
    """Return the account's state a record holds.

    Raises:
        UnreadableInternal: the value is of another version, or damaged.

    """
    return _decoded(_ACCOUNT, value)


def checked(value: bytes | None) -> bytes | None:
    """Return a stored state (None: a tombstone) if it is of this version, without decoding it.

    Raises:
        UnreadableInternal: it is of another version.

    """
    if value is not None and not value.startswith(VERSION):
        raise UnreadableInternal("a state is not of version 1; run the release that wrote it")
    return value


def encode_requested(item: Requested) -> bytes:
    """Return an inbox record's value."""
    return VERSION + _REQUESTED.dump_json(item, exclude_defaults=True)[1:]


def decode_requested(value: bytes | None) -> Requested:
    """Return the request an inbox record holds.

    Raises:
        UnreadableInternal: the value is of another version, or damaged.

    """
    return _decoded(_REQUESTED, value or b"")


def _decoded(adapter: TypeAdapter[_T], value: bytes) -> _T:
    if not value.startswith(VERSION):
        raise UnreadableInternal("not a version 1 record")
    try:
        return adapter.validate_json(b"{" + value[len(VERSION) :])
    except ValidationError as error:
        raise UnreadableInternal(f"field {'.'.join(map(str, error.errors()[0]['loc']))}") from None
