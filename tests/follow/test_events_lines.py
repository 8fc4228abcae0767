"""Which events are shown and how, on events as they are published."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relay.follow.events import REMEMBERED, Shown, Wanted, line_of
from relay.since import since
from tests.follow.published import an_event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def line(**fields: Any) -> str:
    """Return the line of an event."""
    return line_of(an_event(**fields), ["hyber_main"]).plain


def test_a_line_says_what_happened_to_whom() -> None:
    """Time, type, account, provider, message, sequence, channel, and why it failed."""
    reason = {"category": "expired", "code": "35015", "name": None, "description": None, "permanent": None}
    words = line(
        type="failed",
        account="main",
        message_id="m-1",
        sequence=2,
        channel="sms",
        reason=reason,
        inferred=True,
        recipient="3809******11",
        observed_at="2026-11-22T08:00:00.120Z",
    ).split()
    assert words[:4] == ["2026-11-22T08:00:00.120Z", "failed", "main", "hyber"]
    assert words[4:] == ["m-1", "#2", "sms", "expired", "35015", "to", "3809******11", "inferred"]


def test_an_event_that_comes_again_is_marked() -> None:
    """Two equal lines would look like a duplicate; what was shown long ago is forgotten."""
    shown, event = Shown(), an_event(event_id="e-1")
    assert [shown.again(event), shown.again(an_event(event_id="e-2")), shown.again(event)] == [False, False, True]
    assert line_of(event, ["hyber_main"], again=True).plain.endswith("  again (same event_id)")
    assert "again" not in line_of(event, ["hyber_main"]).plain
    for number in range(REMEMBERED):
        shown.again({"event_id": f"later-{number}"})
    assert not shown.again(event)


def test_a_message_known_by_its_extra_id_is_shown_by_it() -> None:
    """And a call by its outcome."""
    assert "extra:AD-1 " in line(message_id=None, extra_id="AD-1")
    assert line(call={"outcome": "busy"}, recipient=None).endswith("call busy")


@pytest.mark.parametrize("field", ["type", "account", "provider", "message_id", "channel", "observed_at", "recipient"])
def test_nothing_in_a_line_moves_the_cursor(field: str) -> None:
    """Providers' and senders' words are escaped."""
    shown = line(**{field: "a\x1b[31m\nb\x9b\u202e"})
    assert "a\\x1b[31m\\nb\\x9b\\u202e" in shown
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        (Wanted(), True),
        (Wanted(accounts=frozenset({"hyber_main"})), True),
        (Wanted(accounts=frozenset({"other"})), False),
        (Wanted(types=frozenset({"delivered", "seen"})), True),
        (Wanted(types=frozenset({"failed"})), False),
        (Wanted(message="m-7"), True),
        (Wanted(message="AD-7"), True),
        (Wanted(message="m-8"), False),
        (Wanted(message="m-7", types=frozenset({"failed"})), False),
    ],
)
def test_filters_go_together(wanted: Wanted, *, has: bool) -> None:
    """By account, type and either id."""
    event = an_event(account="hyber_main", type="delivered", message_id="m-7", extra_id="AD-7")
    assert wanted.has(event) is has


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("90s", NOON - timedelta(seconds=90)),
        ("15m", NOON - timedelta(minutes=15)),
        ("1h", NOON - timedelta(hours=1)),
        ("2d", NOON - timedelta(days=2)),
        ("2026-11-22T08:00:00Z", NOON - timedelta(hours=4)),
        ("2026-11-22T10:00:00+02:00", NOON - timedelta(hours=4)),
    ],
)
def test_since_is_a_time_ago_or_an_instant(text: str, instant: datetime) -> None:
    """Whichever is written."""
    assert since(text, NOON) == instant


@pytest.mark.parametrize(
    "text", ["", "1", "h", "-1h", "1w", "999999d", "2026-11-22T08:00:00", "yesterday", "1h\n", "٣h"]
)
def test_what_since_does_not_know_is_refused_with_what_to_write(text: str) -> None:
    """A time without an offset, too."""
    with pytest.raises(ValueError, match="such as 90s, 15m, 1h or 2d"):
        since(text, NOON)


@pytest.mark.parametrize("kind", [["delivered"], {}, None, 5])
def test_a_foreign_record_ends_no_filter(kind: object) -> None:
    """Whatever stands where the type should."""
    assert not Wanted(types=frozenset({"delivered"})).has(an_event(type=kind))
