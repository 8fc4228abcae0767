"""The one error of decoding: which rule an input record broke, told without a single value of its payload."""

from enum import StrEnum


class BadRecordCode(StrEnum):
    """Why a record was refused; the `reason.code` of its dead letter."""

    EMPTY_VALUE = "empty_value"
    """No value (a tombstone), or one of zero bytes."""
    TOO_LARGE = "too_large"
    """Key, value and headers are over 1 MiB together."""
    NOT_UTF8 = "not_utf8"
    """The value is not UTF-8 text."""
    INVALID_JSON = "invalid_json"
    """The value is UTF-8, but no JSON document; nesting over 1,024 levels counts as none."""
    NOT_AN_OBJECT = "not_an_object"
    """The value is JSON, but no object."""
    MISSING_FIELD = "missing_field"
    """A required field, or the id that the provider needs, is absent."""
    INVALID_FIELD = "invalid_field"
    """A field has the wrong type, form, length or range."""
    CONFLICTING_FIELDS = "conflicting_fields"
    """Two fields of which the provider takes one."""
    FOREIGN_FIELD = "foreign_field"
    """A field that the account's provider does not have."""
    UNKNOWN_ACCOUNT = "unknown_account"
    """The account is not configured."""
    UNDECODABLE_HEADER = "undecodable_header"
    """A header has no value, or its value or its name is not UTF-8 text."""
    DAMAGED = "damaged"
    """A record of the relay's own inbox or raw topic is not what the relay writes."""
    UNREADABLE_REPORT = "unreadable_report"
    """A report, or a whole page of them, that a provider handed out is not what its documents promise."""


class BadRecord(ValueError):  # noqa: N818 - the glossary's name; what it means is a verdict on a record
    """A record breaks the contract: `code` says which rule, `message` names the field and the fix, never a value."""

    def __init__(self, code: BadRecordCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
