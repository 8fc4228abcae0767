"""The kept answers of a collected account: which carry the message, and what they said."""

import json
from typing import Any

import pytest

from relay.core.collecting import AccountState, Gap, Intent
from relay.core.decide import decide
from relay.core.items import Answered
from relay.slot import raw
from tests.builders import NOON, a_failed_report, a_state, after, rules
from tests.explain.shelf import VOICE, Shelf, a_response
from tests.explain.telling import lines, told
from tests.infobip_pages import a_page, an_item

NO_ANSWER = {"groupId": 1, "groupName": "HANDSET_ERRORS", "id": 5003, "name": "EC_VOICE_NO_ANSWER", "permanent": False}
DRAIN = "0b6f3c1e-2f57-4e0c-9d0b-6f0f5a1c2d3e"
NUMBER = "491751234567"


def an_unanswered_item(**changes: object) -> dict[str, Any]:
    """Return an element of a page: a call that nobody took."""
    status = {"groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED"}
    return an_item(**{"status": status, "error": NO_ANSWER, "to": NUMBER, **changes})


async def test_an_answer_that_carries_the_message_is_told_in_the_relays_words() -> None:
    """The drain, its status, how many reports came, and what this message's said; no whole phone number."""
    shelf = Shelf()
    shelf.response(a_response(a_page(an_unanswered_item(), an_item(messageId="m-2"))), seconds=1)
    shelf.response(a_response(a_page(an_item(messageId="m-2")), response_id="another"), seconds=2)
    explanation = await told(shelf)
    (line,) = lines(explanation)
    assert line == (
        f"response: drain {DRAIN}: HTTP 200, 2 reports, of this message: failed (no_answer, code 5003), call no_answer,"
        " asked 2026-11-22T12:00:00.000Z, https://x.api.infobip.example/tts/3/reports?limit=500"
    )
    assert explanation.entries[0].at == after(0.5)
    assert explanation.summary == ("collected, but not decided yet: is the relay running?",)
    assert NUMBER not in json.dumps(explanation.as_json())


async def test_the_whole_way_of_a_collected_report() -> None:
    """Answer, event and state in this order."""
    shelf = Shelf()
    voice = rules(account="voice_eu", provider="infobip_voice")
    verdict = decide(a_state(), Answered(report=a_failed_report(channel="voice")), after(1), voice)
    shelf.response(a_response(a_page(an_unanswered_item())), seconds=1)
    shelf.event(verdict.events[0], seconds=1)
    shelf.state(verdict.state, candidate=VOICE, seconds=1)
    explanation = await told(shelf)
    assert [entry.kind for entry in explanation.entries] == ["response", "event", "state"]
    assert explanation.accounts == ("voice_eu",)


async def test_an_answer_in_parts_is_put_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts may stand there twice, and an id may lie across two of them."""
    monkeypatch.setattr(raw, "PART_BYTES", 7)
    shelf = Shelf()
    response = a_response(a_page(an_item()))
    shelf.response(response)
    shelf.response(response)
    (entry,) = (await told(shelf)).entries
    assert entry.details["parts"] > 2
    assert entry.details["reports"][0]["outcome"] == "failed"


async def test_an_incomplete_answer_is_told_where_a_part_names_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never came can't be read."""
    monkeypatch.setattr(raw, "PART_BYTES", 64)
    shelf = Shelf()
    shelf.response(a_response(a_page(an_item(), an_item(messageId="m-2"))))
    shelf._records.pop()
    (line,) = lines(await told(shelf))
    assert "parts are there" in line


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>m-1 is not here</html>", "it is no page of reports"),
        (a_page({"messageId": "m-1"}), "a report that names it can't be read (field status: missing)"),
    ],
)
async def test_what_cannot_be_read_is_told_if_it_names_the_message(body: bytes, said: str) -> None:
    """The report may be in there."""
    shelf = Shelf()
    shelf.response(a_response(body))
    shelf.response(a_response(body.replace(b"m-1", b"m-2&"), response_id="another"))
    (line,) = lines(await told(shelf))
    assert said in line


async def test_a_damaged_answer_is_told_to_be_one() -> None:
    """The bytes aren't those that were stored."""
    shelf = Shelf()
    (found,) = shelf.response(a_response(a_page(an_item())))
    shelf.put("raw", b"voice_eu", a_page(an_item(messageId="m-1 ")), headers=list(found.headers))
    del shelf._records[0]
    (line,) = lines(await told(shelf))
    assert "it is damaged: its sha256 is another" in line


async def test_an_xml_answer_is_read_as_well() -> None:
    """Its escapes hide no id."""
    shelf = Shelf()
    result = b"<result><messageId>m&#45;1</messageId><status><id>5</id><groupId>3</groupId></status></result>"
    body = b"<reports><results>" + result + b"</results></reports>"
    shelf.response(a_response(body, content_type="application/xml"))
    assert "of this message: delivered" in lines(await told(shelf))[0]


async def test_open_drains_that_may_hold_the_report_are_told_while_it_is_pending() -> None:
    """The intent and the gaps whose filter covers the message, if it was sent before they ended."""
    shelf = Shelf()

    def a_gap(**changes: Any) -> Gap:
        plain = {"first_at": after(10), "last_at": after(30), "drains": ("d-1", "d-2"), "count": 2, "why": "timed_out"}
        return Gap(**{**plain, **changes})

    intent = Intent(drain_id="d-9", intended_at=after(40), limit=500)
    gaps = (
        a_gap(),
        a_gap(bulk_id="b-1"),
        a_gap(bulk_id="b-2"),
        a_gap(message_id="m-2"),
        a_gap(first_at=after(-60), last_at=after(-30), message_id="m-1"),
    )
    shelf.account(AccountState(intent=intent, gaps=gaps))
    shelf.state(a_state(bulk_id="b-1"), candidate=VOICE)
    explanation = await told(shelf)
    lost = "2 drains until 2026-11-22T12:00:30.000Z without an answer, timed_out, d-2"
    assert lines(explanation)[1:] == [
        f"gap: open gap of whatever was unread: {lost}",
        f"gap: open gap of bulk b-1: {lost}",
        "intent: drain d-9 of whatever was unread, limit 500, no answer yet",
    ]
    assert explanation.summary[-1] == "its report may be in 2 open gaps"


async def test_gaps_do_not_concern_a_message_that_is_settled() -> None:
    """Its report came."""
    shelf = Shelf()
    gap = Gap(first_at=NOON, last_at=after(30), drains=("d-1",), count=1, why="timed_out")
    shelf.account(AccountState(gaps=(gap,)))
    verdict = decide(a_state(), Answered(report=a_failed_report()), after(1), rules())
    shelf.state(verdict.state, candidate=VOICE)
    assert [entry.kind for entry in (await told(shelf)).entries] == ["state"]
