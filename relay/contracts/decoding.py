"""Bytes of an input record → a request, or BadRecord; no other exception leaves, and no value of the payload does.

A field that comes twice counts as its last; a null counts as absent; unknown fields are named, not refused.
"""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from relay.contracts.bad_record import BadRecord, BadRecordCode
from relay.contracts.fetch_request import FetchRequest
from relay.contracts.message_sent import MessageSent
from relay.core.values import value_object

MAX_RECORD_BYTES: Final = 1_048_576
_MAX_ERRORS_TOLD: Final = 5

_FIELDS: Final[Mapping[type[BaseModel], frozenset[str]]] = {
    model: frozenset(model.model_fields) for model in (FetchRequest, MessageSent)
}

RequestT = TypeVar("RequestT", bound=BaseModel)


@value_object(frozen=True, kw_only=True)
class Decoded(Generic[RequestT]):
    """A valid request and the sorted names of the fields that the contract does not know."""

    request: RequestT
    unknown_fields: tuple[str, ...]


def decode_fetch_request(
    value: bytes | None, headers_correlation_id: str | None = None, *, bytes_beside: int = 0
) -> Decoded[FetchRequest]:
    """Decode a FetchRequest; what depends on its account's provider is checked by relay.contracts.rules.

    Raises BadRecord. An empty correlation-id header counts as none. `bytes_beside`: of the record's key and headers.
    """
    return _decode(FetchRequest, value, headers_correlation_id, bytes_beside)


def decode_message_sent(
    value: bytes | None, headers_correlation_id: str | None = None, *, bytes_beside: int = 0
) -> Decoded[MessageSent]:
    """Decode a MessageSent; what depends on its account's provider is checked by relay.contracts.rules.

    Raises BadRecord. An empty correlation-id header counts as none. `bytes_beside`: of the record's key and headers.
    """
    return _decode(MessageSent, value, headers_correlation_id, bytes_beside)


def _decode(model: type[RequestT], value: bytes | None, header: str | None, bytes_beside: int) -> Decoded[RequestT]:
    fields = _object_in(value, bytes_beside)
    unknown = () if fields.keys() <= _FIELDS[model] else tuple(sorted(fields.keys() - _FIELDS[model]))
    from_header = bool(header) and fields.get("correlation_id") is None
    if from_header:
        fields["correlation_id"] = header
    try:
        request: RequestT = model.__pydantic_validator__.validate_python(fields)  # model_validate asks for more
    except ValidationError as error:
        raise _bad_fields(error, correlation_from_header=from_header) from None
    return Decoded(request=request, unknown_fields=unknown)


def _object_in(value: bytes | None, bytes_beside: int) -> dict[str, Any]:
    if not value:
        raise BadRecord(BadRecordCode.EMPTY_VALUE, "the record has no value: send a JSON object")
    if (size := len(value) + bytes_beside) > MAX_RECORD_BYTES:
        raise BadRecord(
            BadRecordCode.TOO_LARGE,
            f"key, value and headers have {size} bytes: send at most {MAX_RECORD_BYTES} (1 MiB)",
        )
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _not_json(value, error) from None
    if not isinstance(document, dict):
        raise BadRecord(BadRecordCode.NOT_AN_OBJECT, "the value is JSON but no object: send an object of fields")
    return document


def _not_json(value: bytes, error: orjson.JSONDecodeError) -> BadRecord:
    """Say where the document breaks, but quote nothing of it."""
    try:
        value.decode()
    except UnicodeDecodeError as undecodable:
        return BadRecord(
            BadRecordCode.NOT_UTF8, f"the value is not UTF-8 at byte {undecodable.start}: encode it as UTF-8"
        )
    return BadRecord(
        BadRecordCode.INVALID_JSON,
        f"the value is no JSON at line {error.lineno}, column {error.colno}: send one JSON object,"
        " without byte order mark, NaN, Infinity, numbers beyond a double, lone surrogates"
        " or more than 1024 levels of nesting",
    )


def _bad_fields(error: ValidationError, *, correlation_from_header: bool) -> BadRecord:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_instruction(detail, correlation_from_header) for detail in details[:_MAX_ERRORS_TOLD]]
    if len(details) > len(told):
        told.append(f"and {len(details) - len(told)} more")
    missing = details[0]["type"] == "missing"
    return BadRecord(BadRecordCode.MISSING_FIELD if missing else BadRecordCode.INVALID_FIELD, "; ".join(told))


def _instruction(detail: ErrorDetails, correlation_from_header: bool) -> str:  # noqa: FBT001 - private, one caller
    """Name the field and what it should be; the names are the contract's own, never the sender's."""
    place = "".join(f"[{part}]" if isinstance(part, int) else part for part in detail["loc"])
    if place == "correlation_id" and correlation_from_header:
        place = "the correlation-id header"
    text = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{place}: {text}" if place else text
