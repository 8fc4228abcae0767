"""What a stored answer means: by its status, by its body, and by whether it came together."""

import pytest
from structlog.testing import capture_logs

from relay.contracts.bad_record import BadRecordCode
from relay.core.collecting import NoAnswer, Read
from relay.lookups.pages import Page, UnreadableReport
from relay.lookups.reading import Garbled
from relay.slot import raw, understanding
from relay.slot.raw import Assembled, StoredResponse, part_of
from relay.slot.understanding import LETTERS, Answer, understood
from tests.collected import ACCOUNT
from tests.slot.reading import FakeLetters, FakeSource, a_page
from tests.slot.stored import a_response, stored

SMALL = 10
"""The size of a part in these tests."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few bytes need several parts."""
    monkeypatch.setattr(raw, "PART_BYTES", SMALL)
    monkeypatch.setattr(understanding, "PART_BYTES", SMALL)


def whole_of(response: StoredResponse) -> Assembled:
    """Return an answer as it came together from its records."""
    parts = tuple(map(part_of, stored(response)))
    return Assembled(parts, tuple(part.record.offset for part in parts), response.body)


async def meaning_of(response: StoredResponse, page: Page | Exception | None = None) -> tuple[Answer, FakeLetters]:
    """Return what an answer means, and its dead letters."""
    letters = FakeLetters()
    return await understood(whole_of(response), FakeSource(page), letters), letters


async def test_a_page_is_its_reports() -> None:
    """The account learns how many came, the messages what became of them."""
    answer, letters = await meaning_of(a_response(), a_page("m-1", "m-2"))
    assert isinstance(answer.item, Read)
    assert (answer.account, answer.response_id, answer.offsets) == (ACCOUNT, "d-1", (0,))
    assert (answer.item.drained.reports, answer.item.drained.count, answer.item.lost) == (2, 2, None)
    assert [report.message_id for report in answer.reports] == ["m-1", "m-2"]
    assert (answer.refused, answer.held, letters.made) == (False, False, [])


async def test_an_answer_without_content_is_an_empty_page() -> None:
    """204 has no body that could be read."""
    answer, letters = await meaning_of(a_response(status=204, body=b""), Garbled("not to be read"))
    assert isinstance(answer.item, Read)
    assert (answer.item.drained.count, answer.item.lost, answer.reports, letters.made) == (0, None, (), [])


@pytest.mark.parametrize("status", [401, 403])
async def test_wrong_credentials_consume_nothing(status: int) -> None:
    """There is no gap, and nobody expires: the account is closed to us. The body is not read."""
    answer, letters = await meaning_of(a_response(status=status), Garbled("not to be read"))
    assert isinstance(answer.item, Read)
    assert (answer.refused, answer.held, answer.item.lost) == (True, True, None)
    assert (answer.item.drained.status, answer.reports, letters.made) == (status, (), [])


@pytest.mark.parametrize("status", [302, 400, 404, 408, 429, 500, 503, 599])
async def test_any_other_status_leaves_a_gap(status: int) -> None:
    """Whoever answers so may not be the one who handed the reports out before. The body is not read."""
    answer, letters = await meaning_of(a_response(status=status), Garbled("not to be read"))
    assert isinstance(answer.item, Read)
    assert (answer.refused, answer.held, answer.item.lost) == (False, False, f"status_{status}")
    assert answer.asked is (status != 429)
    assert (answer.item.drained.status, answer.reports, letters.made) == (status, (), [])


async def test_an_error_says_what_it_is() -> None:
    """The provider's own words are kept for whoever reads the log."""
    answer, _ = await meaning_of(a_response(status=400, body=b"error: no such bulk"))
    assert answer.said == "no such bulk"
    answer, _ = await meaning_of(a_response(status=400, body=b"<html>"))
    assert answer.said is None


@pytest.mark.parametrize("error", [Garbled("not JSON"), RuntimeError("a bug"), RecursionError()])
async def test_a_body_that_is_no_page_is_kept_and_leaves_a_gap(error: Exception) -> None:
    """Each of its records becomes a dead letter, from which the body can be restored; whatever reading raises."""
    with capture_logs() as lines:
        answer, letters = await meaning_of(a_response(body=b"<html>never</html>"), error)
    assert isinstance(answer.item, Read)
    assert answer.item.lost == "garbled"
    assert [(offset, code, element) for offset, code, _, element in letters.made] == [
        (0, BadRecordCode.UNREADABLE_REPORT, None),
        (1, BadRecordCode.UNREADABLE_REPORT, None),
    ]
    assert b"".join(letter.value or b"" for letter in answer.letters) == b"<html>never</html>"
    assert all("bug" not in why for _, _, why, _ in letters.made)
    assert [line["event"] for line in lines] == ([] if isinstance(error, Garbled) else ["drain.failed"])


@pytest.mark.parametrize("page", [a_page("m-1", broken=True), Garbled("not JSON")])
async def test_an_answer_that_was_cut_leaves_a_gap_and_no_dead_letters(page: Page | Garbled) -> None:
    """What can be read of it is decided; the rest never came, so that there is nothing to send again."""
    answer, letters = await meaning_of(a_response(cut="truncated"), page)
    assert isinstance(answer.item, Read)
    assert (answer.item.lost, letters.made) == ("truncated", [])
    assert len(answer.reports) == (1 if isinstance(page, Page) else 0)


async def test_what_is_unreadable_of_a_page_does_not_cost_the_rest() -> None:
    """Each element becomes a dead letter with its own bytes and its number; nothing is lost, so there is no gap."""
    unreadable = (
        UnreadableReport(body=b"{1}", reason="field a: missing"),
        UnreadableReport(body=b"{2}", reason="field b: missing"),
    )
    answer, letters = await meaning_of(a_response(), a_page("m-1", unreadable=unreadable))
    assert isinstance(answer.item, Read)
    assert (answer.item.drained.reports, answer.item.drained.count, answer.item.lost) == (1, 3, None)
    code = BadRecordCode.UNREADABLE_REPORT
    assert letters.made == [(0, code, "field a: missing", (0, b"{1}")), (0, code, "field b: missing", (1, b"{2}"))]
    assert [report.message_id for report in answer.reports] == ["m-1"]


async def test_a_page_that_breaks_off_leaves_a_gap() -> None:
    """From there on nobody knows what was in it."""
    rest = (UnreadableReport(body=b"{", reason="the body breaks off here"),)
    answer, letters = await meaning_of(a_response(), a_page("m-1", unreadable=rest, broken=True))
    assert isinstance(answer.item, Read)
    assert answer.item.lost == "broken"
    assert len(answer.reports) == len(letters.made) == 1


async def test_an_element_that_no_record_holds_is_kept_with_its_answer() -> None:
    """Its bytes are in the raw records, which become the dead letters."""
    unreadable = (UnreadableReport(body=b"x" * (SMALL + 1), reason="not an object"),)
    response = a_response(body=bytes(SMALL + 5))
    answer, letters = await meaning_of(response, a_page("m-1", unreadable=unreadable))
    assert [(offset, element) for offset, _, _, element in letters.made] == [(0, None), (1, None)]
    assert b"".join(letter.value or b"" for letter in answer.letters) == response.body
    assert len(answer.reports) == 1


async def test_more_unreadable_elements_than_anybody_looks_at_are_kept_with_their_answer() -> None:
    """A page of nothing but rubbish makes as many dead letters as it has records."""
    rubbish = (UnreadableReport(body=b"", reason="not an object"),) * (LETTERS + 1)
    _, letters = await meaning_of(a_response(), a_page(unreadable=rubbish[1:]))
    assert len(letters.made) == LETTERS
    _, letters = await meaning_of(a_response(), a_page(unreadable=rubbish))
    assert [element for _, _, _, element in letters.made] == [None]


async def test_an_answer_of_an_unknown_account_is_kept() -> None:
    """Whoever removed the account from the configuration finds the reports among the dead letters, and a gap."""
    letters = FakeLetters()
    answer = await understood(whole_of(a_response(body=bytes(SMALL + 5))), None, letters)
    assert isinstance(answer.item, Read)
    assert answer.item.lost == "not_configured"
    assert [(offset, code) for offset, code, _, _ in letters.made] == [
        (0, BadRecordCode.UNKNOWN_ACCOUNT),
        (1, BadRecordCode.UNKNOWN_ACCOUNT),
    ]


async def test_what_never_came_together_is_kept_in_pieces() -> None:
    """No answer can be read of it, and what there is becomes dead letters."""
    letters = FakeLetters()
    parts = tuple(map(part_of, stored(a_response(body=bytes(SMALL + 5)))))
    answer = await understood(Assembled(parts[:1], (0, 2), None), FakeSource(), letters)
    assert answer.item == NoAnswer(drain_id="d-1", why="incomplete")
    assert answer.offsets == (0, 2)
    assert [(offset, code, element) for offset, code, _, element in letters.made] == [(0, BadRecordCode.DAMAGED, None)]
