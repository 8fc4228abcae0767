"""`relay explain` for a bulk: its requests, the drains made for it, its gaps, and its messages."""

import json

import pytest

from relay.core.collecting import AccountState, Gap, Intent
from relay.core.decide import decide
from relay.core.items import Answered, Collected, Requested
from relay.core.model import MessageState, RequestKind
from relay.explain.rendering import bulk_view
from relay.slot.codec import encode_state
from relay.slot.raw import StoredResponse
from tests.builders import NOON, a_report, a_request, a_sent, a_state, after, rules
from tests.explain.shelf import HYBER, VOICE, Shelf, a_response
from tests.explain.telling import lines, printed, told, told_bulk
from tests.explain.test_explain_letters import put_letter
from tests.infobip_pages import a_page, an_item

URL = "https://x.api.infobip.example/tts/3/reports?bulkId=b-1&limit=500"
RULES = rules(account="voice_eu", provider="infobip_voice")
FETCH = {"request_id": "req-1", "account": "voice_eu", "bulk_id": "b-1"}


def asked(shelf: Shelf, *, seconds: float = 0, bulk_id: str = "b-1") -> None:
    """Write a fetch request for a bulk as it was sent, and as it was accepted."""
    shelf.input("fetch_requests", {**FETCH, "bulk_id": bulk_id}, seconds=seconds)
    request = a_request(account="voice_eu", message_id=None, bulk_id=bulk_id, request_id="req-1", follow=False)
    shelf.inbox(Requested(request=request), candidate=VOICE, seconds=seconds)


def wish(shelf: Shelf, *, seconds: float, wanted: bool = True) -> None:
    """Write the state of a wanted drain, or its end."""
    state = MessageState(
        anchor_at=NOON, expires_at=after(90), requested_at=NOON, bulk_id="b-1", once=True, request_id="req-1"
    )
    value = encode_state(state) if wanted else None
    shelf.put("state", b"lookup/voice_eu/bulk/b-1", value, shard=b"voice_eu", seconds=seconds)


def drained(*message_ids: str, bulk_id: str = "b-1", **changes: object) -> StoredResponse:
    """Return what a drain of the bulk brought."""
    return a_response(
        a_page(*(an_item(messageId=each, bulkId=bulk_id) for each in message_ids)), **{"url": URL, **changes}
    )


async def test_a_bulk_is_told_from_its_request_to_its_messages() -> None:
    """Requests, the drain with its reports, and a table of the messages; other bulks don't count."""
    shelf = Shelf()
    asked(shelf)
    asked(shelf, bulk_id="b-2")
    wish(shelf, seconds=0)
    shelf.response(drained("m-1", "m-2"), seconds=1)
    shelf.response(drained("m-3", bulk_id="b-2", url=URL.replace("b-1", "b-2"), response_id="other"), seconds=1)
    settled = decide(None, Collected(report=a_report(message_id="m-1", bulk_id="b-1")), after(1), RULES)
    shelf.state(settled.state, candidate=VOICE, seconds=1)
    shelf.state(a_state(message_id="m-2", bulk_id="b-1"), candidate=VOICE, seconds=1)
    shelf.state(a_state(message_id="m-3", bulk_id="b-2"), candidate=VOICE, seconds=1)
    wish(shelf, seconds=1, wanted=False)
    explanation = await told_bulk(shelf)
    assert [entry.kind for entry in explanation.entries] == ["request", "accepted", "response"]
    assert lines(explanation)[-1] == (
        "response: drain 0b6f3c1e-2f57-4e0c-9d0b-6f0f5a1c2d3e of this bulk: HTTP 200, 2 reports, 2 of this bulk,"
        " asked 2026-11-22T12:00:00.000Z"
    )
    assert [each.as_json() for each in explanation.messages] == [
        {"account": "voice_eu", "message_id": "m-2", "outcome": "pending", "pending": True, "events": []},
        {"account": "voice_eu", "message_id": "m-1", "outcome": "delivered", "pending": False, "events": ["delivered"]},
    ]
    assert explanation.summary == (
        "2 messages of it known, 1 pending",
        "its drains brought 1 answer with 2 reports",
        "`relay explain m-2` tells of the first of them",
    )
    assert explanation.accounts == ("voice_eu",)
    assert json.loads(json.dumps(explanation.as_json()))["bulk_id"] == "b-1"
    text = printed(bulk_view(explanation))
    assert text[0] == "bulk b-1 in voice_eu"
    at = text.index("message_id  outcome    events")
    assert text[at + 1 : at + 3] == ["m-2         pending    -", "m-1         delivered  delivered"]


async def test_only_the_partitions_of_collected_accounts_are_read() -> None:
    """Besides the topics that are in no order; none of the events."""
    shelf = Shelf()
    asked(shelf)
    await told_bulk(shelf)
    read = {topic for topic, _ in shelf.asked_for}
    assert read == {"state", "inbox", "raw", "dead_letters", "fetch_requests"}
    for topic in ("state", "inbox", "raw"):
        assert len([place for place in shelf.asked_for if place[0] == topic]) == 1


async def test_answers_are_read_from_the_bulks_first_sign_on() -> None:
    """A line says what was left unread, and `whole` reads it."""
    shelf = Shelf()
    shelf.response(drained("m-9", response_id="ancient"), seconds=-900_000)
    asked(shelf)
    shelf.response(drained("m-1"), seconds=1)
    explanation = await told_bulk(shelf)
    assert [entry.details["drain_id"] for entry in explanation.entries if entry.kind == "response"] == [
        "0b6f3c1e-2f57-4e0c-9d0b-6f0f5a1c2d3e"
    ]
    assert "nothing known of the bulk lies there" in (explanation.left_unread or "")
    assert len((await told_bulk(shelf, whole=True)).entries) == 4


async def test_a_drain_that_did_not_come_to_its_end_is_told() -> None:
    """What is wanted, the drain under way, and gaps: of the bulk, and of whatever was unread while it waits."""
    shelf = Shelf()
    asked(shelf)
    wish(shelf, seconds=0)
    old = Gap(first_at=after(-99), last_at=after(-90), drains=("d-0",), count=1, why="timed_out")
    wide = Gap(first_at=after(1), last_at=after(2), drains=("d-1",), count=1, why="timed_out")
    own = Gap(first_at=after(-99), last_at=after(-90), drains=("d-2",), count=1, why="truncated", bulk_id="b-1")
    other = Gap(first_at=after(1), last_at=after(2), drains=("d-3",), count=1, why="timed_out", bulk_id="b-2")
    intent = Intent(drain_id="d-4", intended_at=after(3), limit=500, bulk_id="b-1")
    shelf.account(AccountState(intent=intent, gaps=(old, wide, own, other)))
    explanation = await told_bulk(shelf)
    told_gaps = [entry.details["drains"] for entry in explanation.entries if entry.kind == "gap"]
    assert told_gaps == [["d-2"], ["d-1"]]
    assert [entry.details["drain_id"] for entry in explanation.entries if entry.kind == "intent"] == ["d-4"]
    assert explanation.summary == (
        "no message of it is known, or not any more",
        "a drain of it is wanted, and did not come to its end yet",
        "reports of it may be in 2 open gaps",
    )


async def test_reports_that_came_with_others_are_told() -> None:
    """A drain of whatever was unread brought them; and messages that were only announced belong to it, too."""
    shelf = Shelf()
    sent = a_sent(account="voice_eu", message_id="m-1", bulk_id="b-1")
    shelf.inbox(Requested(request=sent), candidate=VOICE)
    assert sent.kind is RequestKind.SENT
    shelf.state(a_state(message_id="m-1", bulk_id="b-1"), candidate=VOICE)
    shelf.state(None, of="m-1", candidate=VOICE, seconds=2)
    shelf.state(a_state(message_id="m-2", bulk_id="b-1"), candidate=VOICE)
    page = a_page(an_item(messageId="m-2", bulkId="b-1"), an_item(messageId="m-3", bulkId="b-2"))
    shelf.response(a_response(page), seconds=1)
    explanation = await told_bulk(shelf)
    (line,) = lines(explanation)
    assert "of others, too: HTTP 200, 2 reports, 1 of this bulk" in line
    assert [each.message_id for each in explanation.messages] == ["m-2"]


async def test_an_answer_that_is_an_error_is_told() -> None:
    """Its status, and that no reports come with it."""
    shelf = Shelf()
    asked(shelf)
    shelf.response(a_response(b"no", url=URL, status=401), seconds=1)
    (_, _, line) = lines(await told_bulk(shelf))
    assert "of this bulk: HTTP 401, 0 of this bulk, no reports come with this status" in line


async def test_a_refused_request_for_a_bulk_is_the_bulks_and_no_messages() -> None:
    """Its letter names the mistake; of a message by this id nothing is known."""
    shelf = Shelf()
    shelf.input("fetch_requests", {**FETCH, "detail": "simple"})
    letter_id = put_letter(shelf, json.dumps({**FETCH, "detail": "simple"}).encode(), topic="t.fetch_requests")
    explanation = await told_bulk(shelf)
    assert [entry.kind for entry in explanation.entries] == ["request", "dead_letter"]
    assert explanation.entries[1].details["dead_letter_id"] == letter_id
    assert (await told(shelf, "b-1")).entries == ()
    assert not (await told_bulk(shelf, "b-3")).known
    assert not (await told_bulk(shelf, candidates=(HYBER,), one_account=True)).known


async def test_a_request_that_nobody_took_yet_is_told() -> None:
    """It lies in the input topic alone."""
    shelf = Shelf()
    shelf.input("fetch_requests", FETCH)
    assert (await told_bulk(shelf)).summary[-1] == "asked for, but not accepted yet: is the relay running?"


@pytest.mark.parametrize("both", [True, False])
async def test_a_message_says_that_a_bulk_goes_by_its_id(*, both: bool) -> None:
    """The message is shown, and the way to the bulk."""
    shelf = Shelf()
    verdict = decide(a_state(message_id="b-1"), Answered(report=a_report()), after(1), RULES)
    shelf.state(verdict.state, candidate=VOICE, seconds=1)
    asked(shelf, bulk_id="b-1" if both else "b-2")
    explanation = await told(shelf, "b-1")
    assert explanation.known
    assert explanation.as_json()["bulk"] is both
    assert ("a bulk goes by this id, too: `relay explain b-1 --bulk`" in explanation.summary) is both


async def test_an_unreadable_answer_that_merely_holds_the_id_is_no_message() -> None:
    """It may be a bulk's: only what surely is about a message makes it known."""
    shelf = Shelf()
    shelf.response(a_response(b'{"results": [{"bulkId": "b-1"', url=URL))
    explanation = await told(shelf, "b-1")
    assert explanation.entries
    assert not explanation.known
    assert (await told_bulk(shelf)).known


@pytest.mark.parametrize("one_account", [True, False])
async def test_an_account_that_is_no_text_is_passed_over(*, one_account: bool) -> None:
    """A sender may write anything there."""
    shelf = Shelf()
    shelf.input("fetch_requests", {**FETCH, "account": ["voice_eu"], "message_id": "b-1"})
    entries = (await told(shelf, "b-1", one_account=one_account)).entries
    assert len(entries) == (0 if one_account else 1)
    assert len((await told_bulk(shelf, one_account=one_account)).entries) == len(entries)
