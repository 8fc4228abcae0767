"""What a response means before a provider's own words are read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.lookups.reading import Sense, retry_after_seconds, sense_of

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "sense"),
    [
        (200, Sense.READ),
        (404, Sense.READ),
        (400, Sense.READ),
        (401, Sense.REFUSED),
        (403, Sense.REFUSED),
        (429, Sense.THROTTLED),
        (408, Sense.UNAVAILABLE),
        (302, Sense.UNAVAILABLE),
        (500, Sense.UNAVAILABLE),
        (599, Sense.UNAVAILABLE),
    ],
)
def test_statuses(status: int, sense: Sense) -> None:
    """The statuses that mean the same at every provider."""
    assert sense_of(status) is sense


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Sun, 22 Nov 2026 08:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 07:00:00 GMT", 0.0),
        ("-7", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Sun, 22 Nov 99999 08:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """Seconds, a date, or nothing to go by."""
    assert retry_after_seconds(value, NOW) == seconds


@given(st.text() | st.text(st.sampled_from("0123456789 :,-+GMTSunNov")))
def test_any_retry_after_is_seconds_or_nothing(value: str) -> None:
    """A stranger's header never raises."""
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or seconds >= 0
