"""DeadLetter, the value of `delivery.dead-letters.v1`: a refused record, why it was refused, and its exact bytes."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from relay.contracts.instants import OutputInstant
from relay.core.identity import dead_letter_id

Encoding = Literal["utf-8", "base64"]


_BASE64_PATTERN: Final = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


def _text_and_encoding(text: str, encoding: str) -> dict[str, Any]:
    """Say in JSON Schema that two fields are null together, or a text and how it is encoded."""
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"type": "null"}, {"type": "null"}),
        ({"type": "string"}, {"const": "utf-8"}),
        ({"type": "string", "pattern": _BASE64_PATTERN}, {"const": "base64"}),
    ]
    return {"anyOf": [{"properties": {text: rule, encoding: word}} for rule, word in pairs]}


_NAME_RULE: Final[dict[str, Any]] = {
    "if": {"properties": {"name_encoding": {"const": "base64"}}, "required": ["name_encoding"]},
    "then": {"properties": {"name": {"pattern": _BASE64_PATTERN}}},
}


def _is_none(value: object) -> bool:
    return value is None


# Read again by the relay's own commands, perhaps of an older version: unknown fields must not stop them.
_READ_AGAIN: Final = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True, extra="ignore", defer_build=True)


class DeadLetterReason(BaseModel):
    """Why the record was refused."""

    model_config = _READ_AGAIN

    code: str = Field(
        min_length=1,
        description="An open list: empty_value, too_large, not_utf8, invalid_json, not_an_object, missing_field,"
        " invalid_field, conflicting_fields, foreign_field, unknown_account, undecodable_header, damaged,"
        " unreadable_report.",
    )
    message: str = Field(description="Names the field and the fix; never a value of the record.")


class Source(BaseModel):
    """Where the record stands."""

    model_config = _READ_AGAIN

    topic: str = Field(min_length=1, description="The topic of the record.")
    partition: int = Field(ge=0, description="The partition of the record.")
    offset: int = Field(ge=0, description="The offset of the record.")
    timestamp: int | None = Field(
        description="The record's Kafka timestamp, milliseconds since 1970 in UTC, as it stands there; null for none."
    )


class Header(BaseModel):
    """One header of the record."""

    model_config = _READ_AGAIN | ConfigDict(json_schema_extra=_text_and_encoding("value", "encoding") | _NAME_RULE)

    name: str = Field(description="The header's name; encoded only where name_encoding is there.")
    name_encoding: Literal["base64"] | None = Field(
        default=None,
        exclude_if=_is_none,
        description="base64 where the name's bytes are not UTF-8, which a few clients can send; else absent.",
    )
    value: str | None = Field(description="The header's value, encoded; null where the header has none.")
    encoding: Encoding | None = Field(description="How value is encoded: utf-8 or base64; null with value.")

    @model_validator(mode="after")
    def _restorable(self) -> Self:
        _decoded(self.name, self.name_encoding or "utf-8")
        _decoded(self.value, self.encoding)
        return self


class DeadLetter(BaseModel):
    """A record that the relay refused, with everything that is needed to send it again exactly as it was."""

    model_config = _READ_AGAIN | ConfigDict(
        json_schema_extra={
            "allOf": [_text_and_encoding("key", "key_encoding"), _text_and_encoding("payload", "payload_encoding")]
        }
    )

    dead_letter_id: str = Field(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        description="UUIDv5 of topic, partition and offset, and of the place in the record where only a part of it"
        " was refused: the same is always the same dead letter.",
    )
    reason: DeadLetterReason = Field(description="Which rule the record broke.")
    source: Source = Field(description="The place of the record.")
    key: str | None = Field(description="The record's key, encoded; null where it has none.")
    key_encoding: Encoding | None = Field(description="How key is encoded: utf-8 or base64; null with key.")
    headers: list[Header] = Field(description="The record's headers, in order, duplicates kept.")
    payload: str | None = Field(description="The record's value, encoded; null for a tombstone.")
    payload_encoding: Encoding | None = Field(description="How payload is encoded: utf-8 or base64; null with payload.")
    failed_at: OutputInstant = Field(description="When the relay refused the record: UTC, Z, milliseconds.")

    @model_validator(mode="after")
    def _restorable(self) -> Self:
        _decoded(self.key, self.key_encoding)
        _decoded(self.payload, self.payload_encoding)
        return self

    def to_bytes(self) -> bytes:
        """Give the record's value: compact JSON, UTF-8, every key present."""
        return self.model_dump_json().encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """The facts of a Kafka entry that was refused; `timestamp` in milliseconds since 1970, None for none.

    `headers`: bytes of a name that are not UTF-8 stand in it as lone surrogates (PEP 383).
    `element`: not the whole entry was refused but this one of the reports in it, whose bytes are `value`.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    element: int | None = None


def dead_letter_for(record: RejectedRecord, code: str, message: str, failed_at: datetime) -> DeadLetter:
    """Wrap a refused record; `message` must not quote it, `failed_at` is aware."""
    key, key_encoding = _encoded(record.key)
    payload, payload_encoding = _encoded(record.value)
    return DeadLetter(
        dead_letter_id=dead_letter_id(
            topic=record.topic, partition=record.partition, offset=record.offset, element=record.element
        ),
        reason=DeadLetterReason(code=str(code), message=message),
        source=Source(topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp),
        key=key,
        key_encoding=key_encoding,
        headers=[_header(name, value) for name, value in record.headers],
        payload=payload,
        payload_encoding=payload_encoding,
        failed_at=failed_at,
    )


def restore(dead_letter: DeadLetter) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]:
    """Give back key, value and headers exactly as the refused record had them; names as RejectedRecord has them."""
    headers = [(_name(header), _decoded(header.value, header.encoding)) for header in dead_letter.headers]
    return (
        _decoded(dead_letter.key, dead_letter.key_encoding),
        _decoded(dead_letter.payload, dead_letter.payload_encoding),
        headers,
    )


def _header(name: str, value: bytes | None) -> Header:
    text, encoding = _encoded(value)
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogateescape")
        return Header(name=base64.b64encode(raw).decode(), name_encoding="base64", value=text, encoding=encoding)
    return Header(name=name, value=text, encoding=encoding)


def _name(header: Header) -> str:
    if header.name_encoding is None:
        return header.name
    return base64.b64decode(header.name).decode("utf-8", "surrogateescape")


def _encoded(raw: bytes | None) -> tuple[str | None, Encoding | None]:
    """Keep text readable, unless escaping would make it larger than base64 does (many control characters)."""
    if raw is None:
        return None, None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode(), "base64"
    base64_length = (len(raw) + 2) // 3 * 4
    if len(orjson.dumps(text)) - 2 > base64_length:
        return base64.b64encode(raw).decode(), "base64"
    return text, "utf-8"


def _decoded(text: str | None, encoding: Encoding | None) -> bytes | None:
    """Undo the encoding; a text without encoding, or base64 that is none, is refused when the letter is read."""
    if (text is None) != (encoding is None):
        raise PydanticCustomError("encoding", "a text and its encoding are null together or not at all")
    if text is None:
        return None
    if encoding == "utf-8":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise PydanticCustomError("encoding", "the text is not base64") from None
