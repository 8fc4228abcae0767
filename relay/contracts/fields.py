"""The types that the fields of both input shapes share; each carries its rule for the code and for the schema.

The schema says "not" plus a plain pattern where a look-ahead would be shorter: not every language's regexes have those.
"""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

TAKEN: Final = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True, extra="ignore", defer_build=True)
"""How both input shapes are read: unknown fields are accepted, no value is shown in an error."""

_CONTROL_PATTERN: Final = r"[\x00-\x1f\x7f]"
_CONTROL: Final = re.compile(_CONTROL_PATTERN)
_DOTS: Final = (".", "..")

_PLAIN: Final[dict[str, Any]] = {"not": {"pattern": _CONTROL_PATTERN}}
_PATH_SAFE: Final[dict[str, Any]] = {"not": {"anyOf": [{"pattern": _CONTROL_PATTERN}, {"enum": list(_DOTS)}]}}


def _plain(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("control", "must not contain control characters (U+0000 to U+001F, U+007F)")
    return value


def _path_safe(value: str) -> str:
    """Refuse what HTTP clients resolve as a path, percent-encoded or not."""
    if value in _DOTS:
        raise PydanticCustomError("dots", 'must not be "." or "..", which a URL cannot carry')
    return _plain(value)


def _whole(value: object) -> object:
    """Read 5.0 as 5, as JSON Schema does: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


MessageIdText = Annotated[
    str, Field(min_length=1, max_length=256, json_schema_extra=_PATH_SAFE), AfterValidator(_path_safe)
]
"""An id that travels in a URL: 1 to 256 characters, no control characters, neither `.` nor `..`."""
RequestIdText = Annotated[str, Field(min_length=1, max_length=128, json_schema_extra=_PLAIN), AfterValidator(_plain)]
CorrelationIdText = Annotated[
    str, Field(min_length=1, max_length=256, json_schema_extra=_PLAIN), AfterValidator(_plain)
]
AccountText = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=_PLAIN), AfterValidator(_plain)]
NameText = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=_PLAIN), AfterValidator(_plain)]
"""A short word: 1 to 64 characters, no control characters."""
PhoneText = Annotated[str, Field(max_length=64, json_schema_extra=_PLAIN), AfterValidator(_plain)]
"""A phone number as its sender writes it: up to 64 characters, no control characters."""
PageLimit = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]
Seconds = Annotated[int, Field(ge=1, le=2_147_483_647), BeforeValidator(_whole)]
"""Whole seconds of at most 68 years: a 32-bit integer in any reader's language."""
