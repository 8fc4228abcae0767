"""`relay explain --account`: the newest drains, what came of each, and why the account is paused."""

from typing import Any

import pytest

from relay.core.collecting import AccountState, Drained, Gap, Intent
from relay.core.model import Json
from relay.explain.accounts import explained_account, search_account
from relay.explain.rendering import account_view
from tests.builders import NOON, after
from tests.explain.shelf import VOICE, Shelf, a_response
from tests.explain.telling import printed
from tests.infobip_pages import a_page, an_item


async def told(shelf: Shelf, seconds: float = 60) -> Json:
    """Explain the voice account at so many seconds after noon."""
    return explained_account(await search_account(shelf, VOICE), VOICE, after(seconds)).as_json()


def drained(shelf: Shelf, drain_id: str, at: float, body: bytes = b"", **changes: Any) -> None:
    """Write a drain that was answered: its intent, its answer, its end."""
    shelf.account(AccountState(intent=Intent(drain_id=drain_id, intended_at=after(at), limit=500)), seconds=at)
    response = a_response(body, response_id=drain_id, asked_at=after(at), answered_at=after(at + 1), **changes)
    shelf.response(response, seconds=at + 1)
    last = Drained(drain_id=drain_id, answered_at=after(at + 1), status=response.status)
    shelf.account(AccountState(last=last), seconds=at + 1)


async def test_the_last_five_drains_are_told_with_their_outcomes() -> None:
    """Answered or not; one under way is told as such."""
    shelf = Shelf()
    drained(shelf, "d-1", 0, a_page())
    drained(shelf, "d-2", 10, a_page(an_item(), an_item(messageId="m-2")))
    drained(shelf, "d-3", 20, b"<html>")
    drained(shelf, "d-4", 30, status=503)
    drained(shelf, "d-5", 40, b'{"results": [', cut="truncated")
    last = Drained(drain_id="d-5", answered_at=after(41), status=200)
    intent = Intent(drain_id="d-6", intended_at=after(50), limit=500, bulk_id="b-1")
    shelf.account(AccountState(intent=intent, last=last), seconds=50)
    gap = Gap(first_at=after(50), last_at=after(51), drains=("d-6",), count=1, why="timed_out", bulk_id="b-1")
    shelf.account(AccountState(gaps=(gap,), last=last), seconds=51)
    current = Intent(drain_id="d-7", intended_at=after(52), limit=500)
    shelf.account(AccountState(intent=current, gaps=(gap,), last=last), seconds=52)
    shown = await told(shelf)
    assert [(each["drain_id"], each["outcome"]) for each in shown["drains"]] == [
        ("d-2", "read"),
        ("d-3", "it is no page of reports"),
        ("d-4", "unavailable"),
        ("d-5", "broke off (truncated)"),
        ("d-6", "no answer (timed_out)"),
    ]
    assert (shown["drains"][0]["reports"], shown["drains"][-1]["bulk_id"]) == (2, "b-1")
    assert shown["intent"]["drain_id"] == "d-7"
    assert "the newest drains brought no answer (timed_out): asked less and less often" in shown["summary"]
    figures = explained_account(await search_account(shelf, VOICE), VOICE, after(60))
    text = "\n".join(printed(account_view(figures)))
    assert "drain   drain d-2 of whatever was unread: HTTP 200, read, 2 reports  t.raw" in text
    assert "drain   drain d-6 of bulk b-1: no answer (timed_out)  t.state" in text


async def test_an_empty_answer_without_content_is_read() -> None:
    """HTTP 204 says that nothing is unread."""
    shelf = Shelf()
    drained(shelf, "d-1", 0, status=204)
    (drain,) = (await told(shelf))["drains"]
    assert (drain["outcome"], drain["reports"]) == ("read", 0)


async def test_refused_credentials_are_told_since_when() -> None:
    """As kept answers tell: the first of those in a row, however far back it lies."""
    shelf = Shelf()
    drained(shelf, "d-0", -9_000, a_page())
    for number in range(140):
        drained(shelf, f"d-{number + 1}", -8_400 + 60 * number, b"no", status=401)
    shown = await told(shelf)
    assert shown["pause"] == {
        "reason": "refused",
        "status": 401,
        "since": "2026-11-22T09:40:01.000Z",
        "last_at": "2026-11-22T11:59:01.000Z",
        "until": None,
        "answers": 140,
    }
    assert shown["summary"][-1] == (
        "the provider refuses the credentials: HTTP 401 since 2026-11-22T09:40:01.000Z (140 answers, the last at"
        " 2026-11-22T11:59:01.000Z); asked again every 60 s, and nothing expires meanwhile"
    )
    assert [each["drain_id"] for each in shown["drains"]] == [f"d-{number}" for number in range(136, 141)]


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds", "said"),
    [
        (429, "90", 60, "the provider asks to wait: HTTP 429 since 2026-11-22T12:00:01.000Z (1 answer"),
        (429, "90", 60, "; paused until 2026-11-22T12:01:31.000Z"),
        (503, "90", 92, "; was paused until 2026-11-22T12:01:31.000Z"),
        (429, None, 60, "asks to wait, and not how long: HTTP 429"),
        (429, "999999", 60, "paused until 2026-11-22T13:00:01.000Z"),
        (500, None, 60, "the provider can't answer: HTTP 500"),
        (403, "90", 60, "refuses the credentials: HTTP 403"),
    ],
)
async def test_a_pause_is_told_with_its_reason(status: int, retry_after: str | None, seconds: float, said: str) -> None:
    """As the gate keeps it: how long, where the provider said so."""
    shelf = Shelf()
    drained(shelf, "d-1", 0, b"no", status=status, retry_after=retry_after)
    assert said in (await told(shelf, seconds))["summary"][-1]


async def test_a_pause_is_over_with_an_answer() -> None:
    """One that can be read, whatever it holds."""
    shelf = Shelf()
    drained(shelf, "d-1", 0, b"no", status=401)
    drained(shelf, "d-2", 60, a_page())
    shown = await told(shelf)
    assert shown["pause"] is None
    assert shown["summary"] == ["nothing is pending", "no drain is under way", "no open gaps"]


async def test_answers_are_read_no_further_back_than_is_needed() -> None:
    """Of a raw topic that is kept for weeks; other accounts' answers don't count."""
    shelf = Shelf()
    drained(shelf, "ancient", -900_000, a_page())
    for number in range(5):
        drained(shelf, f"d-{number}", number, a_page())
    shelf.response(a_response(a_page(), response_id="other", account="voice_us", answered_at=NOON))
    shown = await told(shelf)
    assert [each["drain_id"] for each in shown["drains"]] == [f"d-{number}" for number in range(5)]
    assert [window.since is None for topic, window in shelf.windows if topic == "raw"] == [False]
