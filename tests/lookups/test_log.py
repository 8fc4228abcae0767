"""Lookups in the log: many with one request, one request at a time, and never an answer that the log didn't give."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from relay.core.items import Answered, Unanswered
from relay.core.model import Report
from relay.core.schedule import Urgency
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.log import BATCH_IDS, BATCH_LETTERS, LOG_LIMIT, LOGS_PER_SECOND, REACH
from tests.builders import after
from tests.collected import a_voice_report
from tests.lookups.voice_log import a_log, page, read_words
from tests.virtual_time import in_virtual_time, passed, settled


@in_virtual_time
async def test_many_messages_are_looked_up_with_one_request() -> None:
    """Each gets its own report; of one that isn't in there the provider knows nothing."""
    async with a_log(page("m-2", "m-1", "m-9")) as driven:
        driven.ask("m-1", "m-2", "m-3")
        await asyncio.sleep(1)
        assert driven.asked() == [["m-1", "m-2", "m-3"]]
        assert f"limit={LOG_LIMIT}" in driven.http.paths[0]
        assert driven.items("m-1") == [Answered(report=a_voice_report("m-1"))]
        assert driven.items("m-2") == [Answered(report=a_voice_report("m-2"))]
        assert driven.items("m-3") == [Answered(report=None, found=False)]
        assert len(driven.slot.items) == 3


@in_virtual_time
async def test_a_request_has_no_more_ids_than_a_server_takes() -> None:
    """So many, or so many letters; new requests go first."""
    async with a_log() as driven:
        driven.ask(*(f"p-{number}" for number in range(BATCH_IDS)))
        driven.ask(*(f"n-{number}" for number in range(10)), urgency=Urgency.NEW)
        driven.ask(*(f"{number}".rjust(256, "x") for number in range(20)))
        await asyncio.sleep(10)
        batches = driven.asked()
        assert {f"n-{number}" for number in range(10)} < set(batches[0])
        assert len(batches[0]) == BATCH_IDS
        assert all(len("".join(ids)) < BATCH_LETTERS + 256 for ids in batches)
        assert len([each for ids in batches for each in ids]) == BATCH_IDS + 30
        assert len(driven.slot.items) == BATCH_IDS + 30


@in_virtual_time
async def test_requests_keep_their_distance() -> None:
    """The log allows two in a second; windows and lookups wait for each other."""
    async with a_log() as driven:
        driven.ask(*(f"m-{number}" for number in range(5 * BATCH_IDS)))
        windows = [asyncio.create_task(driven.lookups.window((None, None), after(0), after(1))) for _ in range(5)]
        await asyncio.gather(*windows)
        await asyncio.sleep(10)
        assert (len(driven.http.times), driven.http.most_in_flight) == (10, 1)
        gaps = [later - earlier for earlier, later in itertools.pairwise(driven.http.times)]
        assert min(gaps) >= 1 / LOGS_PER_SECOND - 1e-6


@in_virtual_time
async def test_every_report_of_a_message_is_told() -> None:
    """A call that was tried twice is in there twice."""
    async with a_log(page("m-1", "m-1")) as driven:
        driven.ask("m-1")
        await asyncio.sleep(1)
        assert driven.items("m-1") == [Answered(report=a_voice_report("m-1"))] * 2


@in_virtual_time
async def test_what_the_log_does_not_reach_is_not_unknown() -> None:
    """Of a message that was sent too long ago its silence says nothing."""
    async with a_log() as driven:
        driven.slot.sent_at = datetime.now(UTC) - REACH - timedelta(seconds=1)
        driven.ask("m-1")
        await asyncio.sleep(1)
        assert driven.items("m-1") == [Unanswered(asked=True)]


@in_virtual_time
async def test_of_a_page_that_cannot_be_read_in_part_nothing_is_unknown() -> None:
    """What was not found may be what couldn't be read."""
    async with a_log(page("m-1", "?"), page("m-1", "!")) as driven:
        for _ in range(2):
            driven.slot.items.clear()
            driven.ask("m-1", "m-2")
            await asyncio.sleep(1)
            assert driven.items("m-2") == [Unanswered(asked=True)]


@in_virtual_time
async def test_a_window_that_breaks_off_was_not_read() -> None:
    """Else the gap that it was read for would be closed with half of what it swallowed."""
    async with a_log(page("m-1", "!")) as driven:
        assert await driven.lookups.window((None, None), after(0), after(1)) is None


@in_virtual_time
async def test_a_request_that_names_no_message_waits_for_its_drain() -> None:
    """It is told to come back; a message that is gone needs no answer that means anything."""
    async with a_log() as driven:
        driven.slot.nameless, driven.slot.gone = frozenset({"unread"}), frozenset({"m-1"})
        now = datetime.now(UTC)
        driven.ask("unread", "m-1")
        await asyncio.sleep(1)
        assert driven.http.paths == []
        for _, item in driven.slot.items:
            assert isinstance(item, Unanswered)
            assert (item.asked, item.held) == (False, False)
            assert item.not_before is not None
            assert item.not_before > now
        assert len(driven.slot.items) == 2


@in_virtual_time
@pytest.mark.parametrize(
    ("answer", "asked", "held"),
    [
        (HttpResponse(401, b""), True, True),
        (HttpResponse(429, b"", retry_after="60"), False, False),
        (HttpResponse(500, b""), True, False),
        (HttpResponse(404, b"m-1"), True, False),
        (HttpResponse(200, b"<html>"), True, False),
        (HttpFailure(Failure.TIMED_OUT), True, False),
    ],
)
async def test_what_is_no_answer_is_none(answer: HttpResponse | Exception, *, asked: bool, held: bool) -> None:
    """Every lookup of the request is told so, and a window isn't read."""
    async with a_log(answer) as driven:
        driven.ask("m-1", "m-2")
        await asyncio.sleep(1)
        told = [(item.asked, item.held) for _, item in driven.slot.items if isinstance(item, Unanswered)]
        assert told == [(asked, held)] * 2
    async with a_log(answer) as driven:
        assert await driven.lookups.window((None, None), after(0), after(1)) is None


@in_virtual_time
async def test_lookups_are_turned_away_during_a_pause() -> None:
    """Nobody is asked, and all are told when to come back."""
    async with a_log(HttpResponse(429, b"", retry_after="60")) as driven:
        driven.ask("m-1")
        await asyncio.sleep(1)
        driven.ask("m-2")
        await asyncio.sleep(1)
        (item,) = driven.items("m-2")
        assert isinstance(item, Unanswered)
        assert (item.asked, len(driven.http.paths)) == (False, 1)
        assert item.not_before is not None


@in_virtual_time
async def test_a_pause_that_begins_while_lookups_wait_holds_them() -> None:
    """They waited for a window; its answer was that nothing more is wanted now."""
    async with a_log(HttpResponse(429, b"", retry_after="60")) as driven:
        window = asyncio.create_task(driven.lookups.window((None, None), after(0), after(1)))
        await asyncio.sleep(0.05)
        driven.ask("m-1")
        await window
        await asyncio.sleep(5)
        assert len(driven.http.paths) == 1
        assert len(driven.items("m-1")) == 1


@in_virtual_time
async def test_a_window_waits_for_the_end_of_a_pause() -> None:
    """Its reader has time."""
    async with a_log(HttpResponse(429, b"", retry_after="60"), page("m-1")) as driven:
        assert await driven.lookups.window((None, None), after(0), after(1)) is None
        began = passed()
        read = await driven.lookups.window((None, None), after(0), after(1))
        assert read is not None
        assert 50 < passed() - began < 62


@in_virtual_time
async def test_a_window_asks_for_its_time_and_filter() -> None:
    """And for as many entries as it can get."""
    async with a_log(page("m-1")) as driven:
        read = await driven.lookups.window(("b-1", "m-1"), after(0), after(60.5))
        assert read is not None
        assert [report.message_id for report in read.reports] == ["m-1"]
        assert parse_qs(urlsplit(driven.http.paths[0]).query) == {
            "bulkId": ["b-1"],
            "messageId": ["m-1"],
            "sentSince": ["2026-11-22T12:00:00.000Z"],
            "sentUntil": ["2026-11-22T12:01:00.500Z"],
            "limit": [str(LOG_LIMIT)],
        }


@in_virtual_time
async def test_a_cancelled_lookup_is_told_nothing() -> None:
    """Neither one that waits nor one whose request is under way."""
    async with a_log(page("m-1", "m-2")) as driven:
        tickets = [driven.lookups.ask(driven.slot, name, due=0.0, urgency=Urgency.PENDING) for name in (b"m-1", b"m-2")]
        await asyncio.sleep(0.05)
        tickets[0].cancel()
        await asyncio.sleep(1)
        assert [name for name, _ in driven.slot.items] == ["m-2"]
        driven.lookups.ask(driven.slot, b"m-3", due=0.0, urgency=Urgency.PENDING).cancel()
        await asyncio.sleep(1)
        assert len(driven.http.paths) == 1


@in_virtual_time
async def test_without_a_log_lookups_end_with_the_next_drain() -> None:
    """With what came of it; those that were asked for after it began wait for another."""
    async with a_log(logs_path="") as driven:
        driven.ask("m-1", due=100.0)
        driven.ask("m-2", due=300.0)
        await asyncio.sleep(10)
        assert (driven.slot.items, driven.lookups.waiting) == ([], 2)
        driven.lookups.drained(200.0, Unanswered(asked=True))
        assert driven.slot.items == [("m-1", Unanswered(asked=True))]
        driven.lookups.drained(400.0, Unanswered(asked=True, held=True))
        assert driven.slot.items[1:] == [("m-2", Unanswered(asked=True, held=True))]
        assert driven.http.paths == []


@in_virtual_time
async def test_a_new_request_does_not_end_with_a_drain_that_began_before_it() -> None:
    """Though an older poll does: it would count as asked about, and might expire."""
    async with a_log(logs_path="") as driven:
        driven.ask("poll", due=100.0)
        driven.ask("new", due=300.0, urgency=Urgency.NEW)
        driven.lookups.drained(200.0, Unanswered(asked=True))
        assert [name for name, _ in driven.slot.items] == ["poll"]


@in_virtual_time
async def test_with_a_log_a_drain_ends_no_lookup() -> None:
    """The log tells more."""
    async with a_log() as driven:
        driven.ask("m-1")
        driven.lookups.drained(1e12, Unanswered(asked=True))
        assert driven.slot.items == []
        await asyncio.sleep(1)
        assert len(driven.slot.items) == 1
        await settled()


def test_reports_are_told_as_they_came() -> None:
    """The fakes above make reports that differ by their id."""
    assert isinstance(read_words(b"m-1 ?", None).reports[0], Report)


@in_virtual_time
async def test_an_error_that_nobody_foresaw_ends_no_lookups_but_its_own() -> None:
    """The message is asked about again; the next one is looked up."""
    async with a_log(HttpResponse(200, b"bug")) as driven:
        driven.ask("m-1")
        await asyncio.sleep(5)
        assert driven.items("m-1") == [Unanswered(asked=True)]
        driven.ask("m-2")
        await asyncio.sleep(5)
        assert len(driven.items("m-2")) == 1


@in_virtual_time
async def test_a_lookup_that_nobody_waits_for_is_not_overdue_for_ever() -> None:
    """Without a log nobody comes for it; its account went elsewhere."""
    async with a_log(logs_path="") as driven:
        ticket = driven.lookups.ask(driven.slot, b"m-1", due=100.0, urgency=Urgency.PENDING)
        assert driven.lookups.oldest_due == 100.0
        ticket.cancel()
        assert driven.lookups.oldest_due is None
        assert driven.lookups.waiting == 0
