"""How states and inbox records look on their topics: JSON with a version, readable with topic tools."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from relay.contracts.instants import format_instant
from relay.core.collecting import AccountState
from relay.core.items import Requested
from relay.core.model import Event, MessageState, Request
from relay.slot.keys import message_id_of

_T = TypeVar("_T")
VERSION = b'{"v":1,'
LAST_YEAR = 9000  # what schedules add to an instant must stay within the calendar

NOTHING_WRITTEN: Mapping[str, bytes] = MappingProxyType({})

_STATE = TypeAdapter(MessageState)
_REQUESTED = TypeAdapter(Requested)
_ACCOUNT = TypeAdapter(AccountState)
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_DEFAULTS = {field.name: field.default for field in fields(MessageState)}
_REQUEST_DEFAULTS = {field.name: field.default for field in fields(Request)}


class UnreadableInternal(ValueError):  # noqa: N818 - it states what the record is
    """A record of an internal topic isn't what this version of the relay writes."""


def event_value(event: Event) -> bytes:
    """Return an event as the StatusChanged contract's JSON.

    The dataclass is written as it stands, several times faster than through the contract's model; tests hold both to
    the same bytes.
    """
    return orjson.dumps(event, default=format_instant, option=orjson.OPT_PASSTHROUGH_DATETIME)


def encode_state(state: MessageState, written: Mapping[str, bytes] = NOTHING_WRITTEN) -> bytes:
    """Return the state as the value of its record: no message_id, which its key has, no defaults, events as published.

    Instants of its own are epoch milliseconds: a pending message, which costs memory for days, is a seventh smaller so.
    `written`: the values of events by their ids, as far as they are known.
    """
    facts = _given(state.__dict__, _DEFAULTS)
    facts.pop("message_id", None)
    published = facts.pop("published", ())
    text = VERSION + orjson.dumps(facts, default=_milliseconds, option=orjson.OPT_PASSTHROUGH_DATETIME)[1:]
    if not published:
        return text
    events = [written.get(event.event_id) or event_value(event) for event in published]
    return b'%b,"published":[%b]}' % (text[:-1], b",".join(events))


def _given(facts: dict[str, Any], defaults: Mapping[str, object]) -> dict[str, Any]:
    """Return the fields that say more than their defaults, most of which are None."""
    return {name: value for name, value in facts.items() if value is not None and value != defaults[name]}


def _milliseconds(instant: datetime) -> float:
    return (instant - _EPOCH) / _MILLISECOND


def decode_state(key: bytes, value: bytes) -> MessageState:
    """Return the state a record holds.

    Raises:
        UnreadableInternal: the value is of another version, or damaged; or it is no key of a state.

    """
    try:
        message_id = message_id_of(key)
    except (IndexError, UnicodeDecodeError):
        raise UnreadableInternal("no key of a state") from None
    return _decoded(_STATE, value, b"" if message_id is None else b'"message_id":%b,' % orjson.dumps(message_id))


def encode_account(state: AccountState) -> bytes:
    """Return an account's state as the value of its record."""
    return VERSION + _ACCOUNT.serializer.to_json(state, exclude_defaults=True)[1:]


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
    if item.forwarded:
        return VERSION + _REQUESTED.serializer.to_json(item, exclude_defaults=True)[1:]
    facts = _given(item.request.__dict__, _REQUEST_DEFAULTS)
    return b'%b"request":%b}' % (VERSION, orjson.dumps(facts, option=orjson.OPT_UTC_Z))


def decode_requested(value: bytes | None) -> Requested:
    """Return the request an inbox record holds.

    Raises:
        UnreadableInternal: the value is of another version, or damaged.

    """
    item = _decoded(_REQUESTED, value or b"")
    request = item.request
    for instant in (request.received_at, request.anchor_at, request.expires_at):
        _check_counted(instant)
    if item.forwarded:
        _check_forwarded(item)
    return item


def _check_counted(instant: datetime) -> None:
    """Check an instant that schedules add to."""
    if not instant.tzinfo or instant.year >= LAST_YEAR:
        raise UnreadableInternal("an instant without an offset, or beyond the calendar")


def _check_forwarded(item: Requested) -> None:
    for event in item.published:
        _check_counted(event.observed_at)
    if not all(instant is None or instant.tzinfo for instant in _told(item)):
        raise UnreadableInternal("an instant without an offset")


def _told(item: Requested) -> Iterator[datetime | None]:
    """Give the instants that providers told, which may be any."""
    if item.report is not None:
        yield item.report.occurred_at
        yield from (attempt.occurred_at for attempt in item.report.attempts)
    for event in item.published:
        yield from (event.occurred_at, *(attempt.occurred_at for attempt in event.attempts))


def _decoded(adapter: TypeAdapter[_T], value: bytes, known: bytes = b"") -> _T:
    """Decode what a record holds; `known`: fields that stand elsewhere, as JSON before the value's own."""
    if not value.startswith(VERSION):
        raise UnreadableInternal("not a version 1 record")
    try:
        decoded: _T = adapter.validator.validate_json(b"{" + known + value[len(VERSION) :])
    except ValidationError as error:
        raise UnreadableInternal(f"field {'.'.join(map(str, error.errors()[0]['loc']))}") from None
    return decoded
