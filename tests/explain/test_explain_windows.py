"""How much of the topics is read: the time that a message lived in, more where that doesn't account for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from relay.contracts.dead_letter import RejectedRecord, dead_letter_for
from relay.core.collecting import AccountState
from relay.core.decide import NEVER, decide
from relay.core.items import Answered
from relay.core.model import Event, MessageState
from relay.explain.rendering import message_view
from relay.explain.windows import WHOLE, Left, Window, milliseconds
from tests.builders import NOON, a_failed_report, a_report, a_sent, a_state, after, requested, rules
from tests.explain.shelf import HYBER, VOICE, Shelf, a_response
from tests.explain.telling import lines, printed, told
from tests.infobip_pages import a_page, an_item

HOUR, DAY = 3_600, 86_400
INPUT = {"request_id": "req-1", "account": "hyber_main", "message_id": "m-1"}


def noise(shelf: Shelf, topic: str, *, seconds: float, value: bytes = b"another") -> None:
    """Write a record that is not the message's into each partition."""
    for number in range(16):
        shelf.put(topic, str(number).encode(), value, seconds=seconds)
    shelf.input(topic, value, seconds=seconds)


def a_message(shelf: Shelf, *, input_seconds: float = 0, **changes: Any) -> Event:
    """Write a message's input, request, event and state, of noon; noise lies around it. Return the event."""
    state = a_state(**changes)
    verdict = decide(state, Answered(report=a_report()), after(1), rules())
    for topic in ("messages_sent", "delivered", "inbox"):
        noise(shelf, topic, seconds=-2 * DAY)
    shelf.input("fetch_requests", b"another", seconds=-2 * DAY)
    shelf.input("fetch_requests", INPUT, seconds=input_seconds)
    shelf.inbox(requested())
    shelf.event(verdict.events[0], seconds=1)
    shelf.state(verdict.state, seconds=1)
    return verdict.events[0]


def later(shelf: Shelf) -> None:
    """Write noise of the next days."""
    for topic in ("fetch_requests", "messages_sent", "delivered", "inbox"):
        noise(shelf, topic, seconds=2 * DAY)


def windows_of(shelf: Shelf, topic: str) -> list[Window]:
    """Return the windows in which a topic was read."""
    return [window for name, window in shelf.windows if name == topic]


def margin(since: float, until: float, **around: int) -> Window:
    """Return a window of seconds after noon, with a margin around it."""
    return Window(since=after(since), until=after(until)).around(timedelta(**around))


KINDS = ["request", "accepted", "event", "state"]


async def test_only_the_time_of_the_message_is_read() -> None:
    """From ten minutes before the first thing known of it to ten minutes after the last; the line tells."""
    shelf = Shelf()
    a_message(shelf)
    later(shelf)
    explanation = await told(shelf, candidates=[HYBER])
    assert [entry.kind.value for entry in explanation.entries] == KINDS
    for topic in ("inbox", "delivered", "fetch_requests", "messages_sent"):
        assert windows_of(shelf, topic) == [margin(0, 1, minutes=10)]
    assert set(windows_of(shelf, "state") + windows_of(shelf, "dead_letters")) == {WHOLE}
    line = explanation.left_unread or ""
    assert line.startswith("left unread, up to ")
    assert "before 2026-11-22T11:50:00.000Z or after 2026-11-22T12:10:01.000Z" in line
    assert line.endswith("; `--whole` reads all")
    assert line in printed(message_view(explanation))
    unread = explanation.as_json()["unread"]
    assert unread["sentence"] == line
    assert [each["topic"] for each in unread["topics"]] == [
        "t.delivered",
        "t.fetch_requests",
        "t.inbox",
        "t.messages_sent",
    ]
    assert str(sum(each["records"] for each in unread["topics"])) in line


async def test_all_is_read_if_that_is_wanted() -> None:
    """Then nothing is left, and no line says so."""
    shelf = Shelf()
    a_message(shelf)
    later(shelf)
    explanation = await told(shelf, candidates=[HYBER], whole=True)
    assert {window for _, window in shelf.windows} == {WHOLE}
    assert [entry.kind.value for entry in explanation.entries] == KINDS
    assert explanation.left_unread is None
    assert explanation.as_json()["unread"] == {"sentence": None, "topics": []}


@pytest.mark.parametrize("state", [None, "tombstone"])
async def test_without_a_state_inbox_and_events_are_read_whole(state: str | None) -> None:
    """They tell when the message lived, which is enough for the inputs."""
    shelf = Shelf()
    a_message(shelf)
    shelf._records = [found for found in shelf._records if found.topic != "state"]
    if state:
        shelf.state(None, of="m-1", seconds=2 * DAY)
    later(shelf)
    explanation = await told(shelf, candidates=[HYBER])
    assert {"request", "accepted", "event"} <= {entry.kind.value for entry in explanation.entries}
    assert set(windows_of(shelf, "inbox") + windows_of(shelf, "delivered")) == {WHOLE}
    assert windows_of(shelf, "fetch_requests") == [margin(0, 1, minutes=10)]


async def test_without_anything_the_inputs_are_read_whole() -> None:
    """A refused request, or one that nobody took yet, has left nothing anywhere else."""
    shelf = Shelf()
    shelf.input("fetch_requests", INPUT, seconds=-30 * DAY)
    later(shelf)
    explanation = await told(shelf)
    assert [entry.kind.value for entry in explanation.entries] == ["request"]
    assert windows_of(shelf, "fetch_requests") == [WHOLE]


@pytest.mark.parametrize(
    ("seconds", "count"), [(-9 * 60, 1), (-50 * 60, 2), (50 * 60, 2), (-5 * HOUR, 3), (-DAY, 4), (DAY, 4)]
)
async def test_an_input_of_another_time_is_looked_for(seconds: float, count: int) -> None:
    """Its sender's clock may be off, or the relay was down: ten minutes, an hour, six hours, everything."""
    shelf = Shelf()
    a_message(shelf, input_seconds=seconds)
    later(shelf)
    explanation = await told(shelf, candidates=[HYBER])
    assert "request" in [entry.kind.value for entry in explanation.entries]
    windows = [margin(0, 1, minutes=10), margin(0, 1, hours=1), margin(0, 1, hours=6), WHOLE]
    assert windows_of(shelf, "fetch_requests") == windows[:count]
    assert sum(line.startswith("request: fetch") for line in lines(explanation)) == 1


async def test_each_accepted_request_wants_an_input_of_its_own() -> None:
    """One of another request, of another topic or of the other account is none."""
    shelf = Shelf()
    a_message(shelf)
    shelf.inbox(requested(request_id="req-2"), seconds=1)
    shelf.inbox(replace(requested(), request=a_sent()), seconds=1)
    shelf.input("fetch_requests", {**INPUT, "request_id": "req-2"}, seconds=-DAY)
    shelf.input("messages_sent", {"account": "hyber_main", "message_id": "m-1"}, seconds=-DAY)
    explanation = await told(shelf, candidates=[HYBER])
    assert [entry.kind.value for entry in explanation.entries].count("request") == 3


async def test_a_forwarded_request_has_no_input() -> None:
    """A slot wrote it: nothing else is looked for."""
    shelf = Shelf()
    event = a_message(shelf)
    shelf.inbox(replace(requested(), published=(event,)), seconds=1)
    await told(shelf, candidates=[HYBER])
    assert windows_of(shelf, "fetch_requests") == [margin(0, 1, minutes=10)]


async def test_an_input_without_a_timestamp_is_read() -> None:
    """Where no record of a partition has one, it is read whole."""
    shelf = Shelf()
    a_message(shelf)
    shelf._records = [
        replace(each, timestamp=-1) if each.topic == "fetch_requests" else each for each in shelf._records
    ]
    explanation = await told(shelf, candidates=[HYBER])
    assert "request" in [entry.kind.value for entry in explanation.entries]
    assert len(windows_of(shelf, "fetch_requests")) == 1


@pytest.mark.parametrize("topic", ["inbox", "fetch_requests"])
async def test_what_nobody_took_yet_is_read_after_the_window(topic: str) -> None:
    """A request of today that waits for a relay is told, however old the message is."""
    shelf = Shelf()
    a_message(shelf)
    later(shelf)
    if topic == "inbox":
        shelf.inbox(requested(request_id="req-2"), seconds=3 * DAY)
    else:
        shelf.input(topic, {**INPUT, "request_id": "req-2"}, seconds=3 * DAY)
    shelf.untaken[topic] = 1
    explanation = await told(shelf, candidates=[HYBER])
    assert any("req-2" in line for line in lines(explanation))


async def test_a_refused_request_is_looked_for_where_its_letter_says() -> None:
    """Dead letters are read whole, and the record of one of another day, too."""
    shelf = Shelf()
    refused = shelf.input("fetch_requests", {**INPUT, "request_id": "req-0", "limit": -1}, seconds=-5 * DAY)
    record = RejectedRecord(
        topic=refused.name,
        partition=refused.partition,
        offset=refused.offset,
        timestamp=refused.timestamp,
        key=None,
        value=refused.value,
        headers=(),
    )
    letter = dead_letter_for(record, "invalid_field", "limit", after(DAY))
    shelf.put("dead_letters", None, letter.to_bytes(), seconds=DAY)
    a_message(shelf)
    explanation = await told(shelf, candidates=[HYBER])
    assert sorted(entry.kind.value for entry in explanation.entries) == sorted([*KINDS, "request", "dead_letter"])


def settled_again(event: Event) -> MessageState:
    """Return the state of a message that was asked about again a day after its outcome."""
    return a_state(anchor_at=after(DAY), requested_at=after(DAY), published=(event,))


@pytest.mark.parametrize("case", ["settled", "once"])
async def test_a_state_that_tells_only_of_the_newest_request_limits_nothing(case: str) -> None:
    """The first request lies before what it says: the inbox is read whole, and then the inputs since the first."""
    shelf = Shelf()
    event = a_message(shelf)
    once = a_state(anchor_at=after(DAY), requested_at=after(DAY), follow=False, once=True)
    shelf.state(settled_again(event) if case == "settled" else once, seconds=DAY)
    explanation = await told(shelf, candidates=[HYBER])
    assert set(windows_of(shelf, "inbox")) == {WHOLE}
    assert [entry.kind.value for entry in explanation.entries] == KINDS


async def test_a_state_whose_request_is_in_the_inbox_no_more_limits_no_inputs() -> None:
    """It was asked for, and nobody knows any more by how many requests."""
    shelf = Shelf()
    shelf.input("fetch_requests", INPUT, seconds=-5 * DAY)
    shelf.state(a_state())
    assert lines(await told(shelf, candidates=[HYBER]))[0].startswith("request")


async def test_an_extra_id_is_followed_to_records_of_earlier_days() -> None:
    """The state of the message is younger than the alias that leads to it."""
    shelf = Shelf()
    alias = MessageState(anchor_at=NOON, expires_at=NOON, requested_at=NOON, extra_id="AD-1", became="m-1")
    shelf.inbox(requested(message_id=None, extra_id="AD-1"))
    shelf.state(alias, seconds=DAY)
    shelf.state(a_state(extra_id="AD-1", anchor_at=after(DAY), requested_at=after(DAY)), seconds=DAY)
    explanation = await told(shelf, candidates=[HYBER])
    assert [entry.kind.value for entry in explanation.entries].count("accepted") == 1


async def test_an_alias_alone_limits_nothing() -> None:
    """What it leads to lived on, and is forgotten."""
    shelf = Shelf()
    alias = MessageState(anchor_at=NOON, expires_at=NOON, requested_at=NOON, extra_id="AD-1", became="m-1")
    shelf.state(alias)
    shelf.inbox(requested(request_id="req-2"), seconds=DAY)
    assert any("req-2" in line for line in lines(await told(shelf, "AD-1", candidates=[HYBER])))


@pytest.mark.parametrize(("seconds", "count"), [(0.5, 1), (-2 * HOUR, 3), (-DAY, 4)])
async def test_the_answer_that_brought_an_outcome_is_looked_for(seconds: float, count: int) -> None:
    """A relay that was down decides an answer long after it came."""
    shelf = Shelf()
    voice = rules(account="voice_eu", provider="infobip_voice", seen_channels=frozenset())
    verdict = decide(a_state(), Answered(report=a_failed_report(channel="voice")), after(1), voice)
    noise(shelf, "raw", seconds=-2 * DAY)
    shelf.response(a_response(a_page(an_item())), seconds=seconds)
    shelf.state(verdict.state, candidate=VOICE, seconds=1)
    shelf.account(AccountState())
    explanation = await told(shelf, candidates=[VOICE])
    assert "response" in [entry.kind.value for entry in explanation.entries]
    assert len(windows_of(shelf, "raw")) == count


async def test_raw_answers_are_not_looked_for_further_where_none_is_known() -> None:
    """A pending message has none."""
    shelf = Shelf()
    shelf.state(a_state(), candidate=VOICE)
    await told(shelf, candidates=[VOICE])
    assert len(windows_of(shelf, "raw")) == 1


async def test_nobody_asked_so_no_input_is_looked_for() -> None:
    """A report of a call that nobody asked about was collected with others."""
    shelf = Shelf()
    shelf.state(a_state(requested_at=NEVER), candidate=VOICE)
    await told(shelf, candidates=[VOICE])
    assert windows_of(shelf, "fetch_requests") == [margin(0, 0, minutes=10)]


def test_windows_stay_within_the_calendar() -> None:
    """States hold what providers and senders say, which may be any year."""
    first = Window(since=NOON.replace(year=1970, month=1, day=1, hour=0)).around(timedelta(hours=6))
    last = Window(until=NOON.replace(year=9999, month=12, day=31, hour=23)).around(timedelta(hours=6))
    assert first.since is not None
    assert milliseconds(first.since) == 0
    assert last.until is not None


def test_reading_more_of_a_place_leaves_less() -> None:
    """The last and widest reading counts, for each place."""
    left = Left()
    left.note({("inbox", 0): 7, ("inbox", 1): 3}, Window(since=NOON))
    left.note({("inbox", 0): 2}, Window(since=after(-HOUR)))
    (unread,) = left.unread({"inbox": "t.inbox"})
    assert (unread.records, unread.window) == (5, Window(since=NOON))
    left.note({("inbox", 0): 0, ("inbox", 1): 0}, WHOLE)
    assert left.unread({"inbox": "t.inbox"}) == []
