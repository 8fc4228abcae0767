"""What a response means before a provider's own words are read: the HTTP statuses that are the same everywhere."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

SUCCESSES, REDIRECTS, SERVER_ERRORS = range(200, 300), range(300, 400), 500
NO_CONTENT = 204
_REFUSED, _THROTTLED, _TIMED_OUT = (401, 403), 429, 408


class Sense(StrEnum):
    """What a status alone says."""

    READ = "read"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"


class Garbled(Exception):  # noqa: N818 - it states what the body is
    """A body that isn't what the provider's documents promise; its message never holds any of it."""


def sense_of(status: int) -> Sense:
    """Return what the HTTP status means by itself; redirects are never followed, so they are no answer either."""
    if status in SUCCESSES:
        return Sense.READ
    if status in _REFUSED:
        return Sense.REFUSED
    if status == _THROTTLED:
        return Sense.THROTTLED
    if status >= SERVER_ERRORS or status in REDIRECTS or status == _TIMED_OUT:
        return Sense.UNAVAILABLE
    return Sense.READ


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` header (RFC 9110 10.2.3: seconds or a date), None if it says nothing."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        at = parsedate_to_datetime(value)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def may_have_acted(status: int) -> bool:
    """Tell whether what was asked for may have been done all the same: only wrong credentials exclude it.

    A gateway answers in its own words (a 504, a 429, a redirect) whatever the provider behind it did.
    """
    return status not in _REFUSED


def is_success(status: int) -> bool:
    """Tell whether a status that is to be read is a success: only then the body is what was asked for."""
    return status in SUCCESSES
