"""What a record says that was found on one of the relay's own topics."""

from collections.abc import Mapping

import orjson

from relay.core.model import Json, MessageState
from relay.explain.entries import Found
from relay.explain.names import ids_in
from relay.slot.codec import UnreadableInternal, decode_requested, decode_state

_OF_EVENT: Mapping[str, type] = {"event_id": str, "account": str, "sequence": int}


def state_in(found: Found) -> MessageState | None:
    """Return the stored state, None where there is none that this release can read."""
    try:
        return decode_state(found.key or b"", found.value) if found.value is not None else None
    except UnreadableInternal:
        return None


def ids_of(found: Found) -> tuple[str, str | None, str | None]:
    """Return account, message_id and extra_id of an event or an inbox record; no account where it is none of ours."""
    try:
        if found.topic == "inbox":
            request = decode_requested(found.value).request
            return request.account, request.message_id, request.extra_id
        event = event_of(found)
    except UnreadableInternal:
        return "", None, None
    return event["account"], *ids_in(event)


def bulk_of(found: Found) -> str | None:
    """Return the bulk that an event or an inbox record names."""
    try:
        if found.topic == "inbox":
            return decode_requested(found.value).request.bulk_id
        return event_of(found).get("bulk_id")
    except UnreadableInternal:
        return None


def event_of(found: Found) -> Json:
    """Return the fields of an event.

    Raises:
        UnreadableInternal: the record is none that a relay writes.

    """
    try:
        event = orjson.loads(found.value or b"")
    except orjson.JSONDecodeError:
        event = None
    if not isinstance(event, dict) or not all(isinstance(event.get(name), kind) for name, kind in _OF_EVENT.items()):
        raise UnreadableInternal("not an event")
    return event
