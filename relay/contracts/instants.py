"""Instants at the edge: RFC 3339 text in, UTC text with milliseconds and `Z` out; never a naive one, either way."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

import orjson
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

INPUT_PATTERN: Final = (
    "^(19[7-9][0-9]|2[0-9]{3})-[0-9]{2}-[0-9]{2}"
    "[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?"
    "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 with offset, years 1970 to 2999: nothing that is added to such an instant can overflow."""
OUTPUT_PATTERN: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$"

_INPUT: Final = re.compile(INPUT_PATTERN)
_OUTPUT: Final = re.compile(OUTPUT_PATTERN)
_INSTRUCTION: Final = (
    "must be an RFC 3339 instant with offset, such as 2026-11-22T08:00:00Z,"
    " of a year from 1970 to 2999, without a leap second"
)


@lru_cache(maxsize=1024)  # an event's instants are one or two, written four times
def format_instant(instant: datetime) -> str:
    """Write an instant as UTC with exactly three digits of a second; finer digits are cut off, not rounded."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return f"{orjson.dumps(utc)[1:20].decode()}.{utc.microsecond // 1000:03}Z"  # half the time of isoformat


def _read(value: object) -> datetime:
    """Read the text of an input field; the result is UTC."""
    if isinstance(value, str) and _INPUT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except ValueError:  # a day that its month does not have
            pass
    raise PydanticCustomError("instant", _INSTRUCTION)


def _aware(value: object) -> datetime:
    """Take an aware instant, or what was published of one, and cut it to what is published."""
    try:
        if isinstance(value, str) and _OUTPUT.fullmatch(value):
            return datetime.fromisoformat(value)
        if isinstance(value, datetime) and value.tzinfo is not None:
            instant = value.astimezone(UTC)
            return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):  # a day that its month does not have; an offset that leaves the calendar
        pass
    raise PydanticCustomError("instant", "must be an aware instant between the years 1 and 9999 in UTC")


InputInstant = Annotated[
    datetime,
    PlainValidator(_read),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INPUT_PATTERN}),
]
OutputInstant = Annotated[
    datetime,
    PlainValidator(_aware),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": OUTPUT_PATTERN}),
]
