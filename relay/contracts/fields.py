"""The types that the fields of both input shapes share; each carries its rule for the code and for the schema.

The schema says "not" plus a plain pattern where a look-ahead would be shorter: not every language's regexes have those.
"""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

TAKEN: Final = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True, extra="ignore", defer_build=True)
"""How both input shapes are read: unknown fields are accepted, no value is shown in an error."""

_CONTROL_PATTERN: Final = r"[\x00-\x1f\x7f]"
_DOTS: Final = (".", "..")

_PLAIN: Final[dict[str, Any]] = {"not": {"pattern": _CONTROL_PATTERN}}
_PATH_SAFE: Final[dict[str, Any]] = {"not": {"anyOf": [{"pattern": _CONTROL_PATTERN}, {"enum": list(_DOTS)}]}}


class _Matching:
    """Text that a pattern must match, else the error says `instruction`; checked without a call into Python."""

    def __init__(self, pattern: str, error: str, instruction: str) -> None:
        self._error = core_schema.custom_error_schema(
            core_schema.str_schema(pattern=pattern), custom_error_type=error, custom_error_message=instruction
        )

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.chain_schema([handler(source), self._error])


_plain = _Matching(r"^[^\x00-\x1f\x7f]*$", "control", "must not contain control characters (U+0000 to U+001F, U+007F)")
_no_dots = _Matching(r"(?s)^([^.].*|\.[^.].*|\.\..+)?$", "dots", 'must not be "." or "..", which a URL cannot carry')


def _whole(value: object) -> object:
    """Read 5.0 as 5, as JSON Schema does: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


MessageIdText = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=_PATH_SAFE), _no_dots, _plain]
"""An id that travels in a URL: 1 to 256 characters, no control characters, neither `.` nor `..`."""
RequestIdText = Annotated[str, Field(min_length=1, max_length=128, json_schema_extra=_PLAIN), _plain]
CorrelationIdText = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=_PLAIN), _plain]
AccountText = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=_PLAIN), _plain]
NameText = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra=_PLAIN), _plain]
"""A short word: 1 to 64 characters, no control characters."""
PhoneText = Annotated[str, Field(max_length=64, json_schema_extra=_PLAIN), _plain]
"""A phone number as its sender writes it: up to 64 characters, no control characters."""
PageLimit = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)]
Seconds = Annotated[int, Field(ge=1, le=2_147_483_647), BeforeValidator(_whole)]
"""Whole seconds of at most 68 years: a 32-bit integer in any reader's language."""
