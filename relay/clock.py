"""The clock of what is stored and published; whoever reads it is given it, so that tests have it in their hand."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, in milliseconds: what is stored and published has no finer part."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
