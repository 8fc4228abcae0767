"""CloudEvents 1.0 headers in Kafka's binary mode for the records that the relay writes for others."""

from typing import Final

import orjson
from pydantic import TypeAdapter

from relay.contracts.dead_letter import DeadLetter
from relay.contracts.fields import CorrelationIdText
from relay.contracts.instants import format_instant
from relay.contracts.schemas import schema_id
from relay.contracts.status_changed import StatusChanged
from relay.core.model import Event

Headers = list[tuple[str, bytes]]

CORRELATION_HEADER: Final = "correlation-id"
_SPECVERSION: Final = ("ce_specversion", b"1.0")
_CONTENT_TYPE: Final = ("content-type", b"application/json")
_STATUS_CHANGED_SCHEMA: Final = ("ce_dataschema", schema_id("status_changed").encode())
_DEAD_LETTER_SCHEMA: Final = ("ce_dataschema", schema_id("dead_letter").encode())
_STATUS_CHANGED_TYPES: Final = {
    word: ("ce_type", f"delivery.{word}.v1".encode()) for word in ("delivered", "seen", "failed", "answered")
}
_DEAD_LETTER_TYPE: Final = ("ce_type", b"delivery.dead-letter.v1")
_DEAD_LETTER_SOURCE: Final = ("ce_source", b"/relay/dead-letters")
_CORRELATION_ID: Final = TypeAdapter(CorrelationIdText)


def status_changed_headers(event: Event | StatusChanged) -> Headers:
    """Give the headers of a published status change."""
    headers = [
        _SPECVERSION,
        ("ce_id", event.event_id.encode()),
        _STATUS_CHANGED_TYPES[event.type],
        ("ce_source", f"/relay/{event.provider}/{event.account}".encode()),
        ("ce_subject", event.subject.encode()),
        ("ce_time", format_instant(event.occurred_at).encode()),
        _STATUS_CHANGED_SCHEMA,
        _CONTENT_TYPE,
    ]
    if event.correlation_id is not None:
        headers.append((CORRELATION_HEADER, event.correlation_id.encode()))
    return headers


def dead_letter_headers(dead_letter: DeadLetter) -> Headers:
    """Give the headers of a dead letter; its subject is the place of the refused record, `topic/partition/offset`."""
    source = dead_letter.source
    headers = [
        _SPECVERSION,
        ("ce_id", dead_letter.dead_letter_id.encode()),
        _DEAD_LETTER_TYPE,
        _DEAD_LETTER_SOURCE,
        ("ce_subject", f"{source.topic}/{source.partition}/{source.offset}".encode()),
        ("ce_time", format_instant(dead_letter.failed_at).encode()),
        _DEAD_LETTER_SCHEMA,
        _CONTENT_TYPE,
    ]
    correlation_id = _correlation_id_of(dead_letter)
    if correlation_id:
        headers.append((CORRELATION_HEADER, correlation_id.encode()))
    return headers


def _correlation_id_of(dead_letter: DeadLetter) -> str | None:
    """Give the refused record's correlation id: its field's, else its last readable header's."""
    if (named := _field_of(dead_letter)) is not None:
        return named
    for header in reversed(dead_letter.headers):
        if header.name == CORRELATION_HEADER and header.encoding == "utf-8":
            return header.value
    return None


def _field_of(dead_letter: DeadLetter) -> str | None:
    """Give what the field `correlation_id` says, if the record can be read that far and it is one."""
    if dead_letter.payload is None or dead_letter.payload_encoding != "utf-8":
        return None
    try:
        fields = orjson.loads(dead_letter.payload)
        return _CORRELATION_ID.validate_python(fields["correlation_id"], strict=True)
    except (ValueError, KeyError, TypeError):
        return None
