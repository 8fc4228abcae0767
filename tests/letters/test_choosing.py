"""Which letters are meant, page by page, and what a redrive would do with each, on letters in memory."""

from datetime import timedelta
from typing import Any

import pytest

from relay.configuration import TopicSettings
from relay.contracts.dead_letter import RejectedRecord, dead_letter_for
from relay.explain.entries import Found
from relay.letters.choosing import NoSuchLetter, Page, Wanted, page
from relay.letters.hexdump import hexdump
from relay.letters.marks import nothing_marked
from relay.letters.planning import Choice, Surroundings, Verdict, planned, redriven_ids
from relay.letters.rendering import letter_view, page_end, page_of_none, page_view, plan_view, summary
from relay.letters.stored import Shelf, letter_in
from tests.builders import NOON, after
from tests.letters.printing import printed

TOPICS = TopicSettings()
AROUND = Surroundings(topics=TOPICS, counts={TOPICS.messages_sent: 2, TOPICS.fetch_requests: 0})
REFUSED = "unknown_account: account: not configured"


def a_letter(offset: int, *, seconds: float = 0, code: str = "invalid_json", **facts: Any) -> Found:
    """Return the record of a dead letter; `facts` are its refused record's."""
    defaults: dict[str, Any] = {"partition": 1, "offset": offset, "timestamp": 0, "key": None, "value": b"{}"}
    defaults |= {"topic": TOPICS.messages_sent, "headers": ()}
    letter = dead_letter_for(RejectedRecord(**defaults | facts), code, "the fix", after(seconds))
    return a_record(offset, letter.to_bytes())


def a_record(offset: int, value: bytes | None) -> Found:
    """Return a record of the dead letters' topic."""
    return Found(topic="dead_letters", name="letters", partition=0, offset=offset, timestamp=0, key=None, value=value)


def a_shelf(*records: Found, refusal: str | None = None) -> Shelf:
    """Return a shelf with the letters of some records."""
    shelf = Shelf(lambda _letter: refusal)
    for record in records:
        shelf.take(record)
    return shelf


def offsets(found: Page) -> list[int]:
    """Return where the letters of a page stand."""
    return [letter.found_at[1] for letter in found.letters]


def test_pages_follow_each_other_from_the_newest_on() -> None:
    """Each goes on after the last letter of the one before, whatever comes meanwhile; the last says that it is."""
    shelf = a_shelf(*(a_letter(number, seconds=number) for number in range(5)))
    first = page(shelf.letters.values(), Wanted(), after=None, limit=2)
    shelf.take(a_letter(9, seconds=9))
    second = page(shelf.letters.values(), Wanted(), after=first.letters[-1].letter_id, limit=2)
    third = page(shelf.letters.values(), Wanted(), after=second.letters[-1].letter_id, limit=2)
    assert [(offsets(each), each.more) for each in (first, second, third)] == [([4, 3], 3), ([2, 1], 1), ([0], 0)]
    assert page_end(first) == f"3 older ones follow: --after {first.letters[-1].letter_id}; with these: 5 invalid_json"
    with pytest.raises(NoSuchLetter):
        page(shelf.letters.values(), Wanted(), after="no-such-id", limit=2)


def test_a_list_of_none_says_what_there_is() -> None:
    """A misspelt code looks like a quiet day otherwise."""
    shelf = a_shelf(a_letter(0), a_letter(1, code="damaged"), a_letter(2))
    assert page_of_none(shelf.letters.values()) == "no such dead letters; there are 2 invalid_json, 1 damaged"
    assert page_of_none(()) == "no dead letters"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [3, 2, 1, 0]),
        (Wanted(codes=frozenset({"damaged"})), [1]),
        (Wanted(topics=frozenset({TOPICS.raw})), [1]),
        (Wanted(accounts=frozenset({"voice"})), [2, 1, 0]),
        (Wanted(accounts=frozenset({"other"})), []),
        (Wanted(since=after(2)), [3, 2]),
        (Wanted(since=after(2), accounts=frozenset({"voice"})), [2]),
    ],
)
def test_filters_go_together(wanted: Wanted, expected: list[int]) -> None:
    """By code, topic, account and instant; the account comes from a field, a request's field, or a header."""
    shelf = a_shelf(
        a_letter(0, seconds=0, value=b'{"account": "voice"}'),
        a_letter(1, seconds=1, code="damaged", topic=TOPICS.raw, headers=[("account", b"voice")], value=b"\xff"),
        a_letter(2, seconds=2, value=b'{"v":1,"request":{"account":"voice"}}'),
        a_letter(3, seconds=3, value=b'{"account": 5}'),
    )
    assert offsets(page(shelf.letters.values(), wanted, after=None, limit=9)) == expected


@pytest.mark.parametrize(
    ("facts", "verdict", "said"),
    [
        ({}, Verdict.WRITE, ""),
        ({"topic": TOPICS.raw}, Verdict.INTERNAL, "provider's log"),
        ({"topic": TOPICS.inbox}, Verdict.INTERNAL, "send the request again"),
        ({"topic": "another"}, Verdict.ELSEWHERE, "another is not a topic"),
        ({"topic": TOPICS.fetch_requests}, Verdict.ELSEWHERE, "missing, or hidden"),
        ({"headers": [("\udcff", b"")]}, Verdict.REFUSED, "header"),
    ],
)
def test_each_letter_has_its_verdict(facts: dict[str, Any], verdict: Verdict, said: str) -> None:
    """Only what stood in an input topic, and can be written as it was, is written back."""
    (plan,) = planned(a_shelf(a_letter(0, **facts)), {0: nothing_marked(NOON)}, Choice(wanted=Wanted()), AROUND)
    assert plan.verdict is verdict
    assert said in (plan.why or "")


def test_what_is_too_old_to_be_known_must_be_named() -> None:
    """Kafka forgets an unused group's offsets after seven days; so a letter from before may have been redriven."""
    shelf = a_shelf(a_letter(0))
    marks = {0: nothing_marked(NOON + timedelta(days=7, seconds=1))}
    (unnamed,) = planned(shelf, marks, Choice(wanted=Wanted()), AROUND)
    (named,) = planned(shelf, marks, Choice(wanted=Wanted(ids=frozenset(shelf.letters))), AROUND)
    assert (unnamed.verdict, named.verdict) == (Verdict.FORGOTTEN, Verdict.WRITE)


def test_what_would_be_refused_again_is_told_and_can_be_left_out() -> None:
    """It is the operator's choice."""
    shelf, marks = a_shelf(a_letter(0), refusal=REFUSED), {0: nothing_marked(NOON)}
    (told,) = planned(shelf, marks, Choice(wanted=Wanted()), AROUND)
    (left,) = planned(shelf, marks, Choice(wanted=Wanted(), only_acceptable=True), AROUND)
    assert (told.verdict, left.verdict) == (Verdict.WRITE, Verdict.REFUSED)
    assert REFUSED in printed(plan_view([told]))
    assert summary([told, left], None) == (
        f"1 would be written, of which 1 would be refused again: 1 {REFUSED.partition(':')[0]};"
        " --only-acceptable leaves them out; left alone: 1 refused"
    )
    assert summary([told], 1) == f"1 written, of which 1 would be refused again: 1 {REFUSED.partition(':')[0]}"


def test_a_summary_counts_what_would_come_back_by_its_code() -> None:
    """Two hundred lines tell less than the one that adds them up."""
    shelf = Shelf(lambda letter: None if letter.source.offset == 0 else f"code-{letter.source.offset % 2}: mend it")
    for offset in range(4):
        shelf.take(a_letter(offset))
    plan = planned(shelf, {0: nothing_marked(NOON)}, Choice(wanted=Wanted()), AROUND)
    assert summary(plan, None).startswith("4 would be written, of which 3 would be refused again: 2 code-1, 1 code-0;")


def test_a_letter_that_stands_twice_is_redriven_as_one() -> None:
    """Whichever of its records is marked."""
    twice = a_letter(0)
    shelf = a_shelf(twice, a_letter(1), a_record(2, twice.value))
    marks = {0: nothing_marked(NOON).added([2], [0, 1, 2])}
    assert redriven_ids(shelf, marks) == {next(iter(shelf.letters))}
    assert [each.verdict for each in planned(shelf, marks, Choice(wanted=Wanted()), AROUND)] == [
        Verdict.REDRIVEN,
        Verdict.WRITE,
    ]


@pytest.mark.parametrize("value", [None, b"", b"hello", b'{"dead_letter_id": 1}', b"\xff"])
def test_a_record_that_is_no_letter_is_named(value: bytes | None) -> None:
    """It stands in nobody's way."""
    shelf = a_shelf(a_record(4, value), a_letter(5))
    assert (shelf.unreadable, len(shelf.letters)) == (["letters[0]@4"], 1)


def test_a_letter_is_shown_whole_and_harmless() -> None:
    """Text line by line, other bytes as numbers; nothing in it moves the cursor."""
    evil = b'{"a": "\x1b[2J\xe2\x80\xae"}\nsecond'
    letter = letter_in(a_letter(0, value=evil, key=b"\x1b]0;", headers=[("h\x07", b"\xfe\xff")]))
    assert letter is not None
    shown = printed(letter_view(letter, redriven=None))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert '{"a": "\\x1b[2J\\u202e"}\nsecond' in shown
    assert "0xfeff" in shown
    binary = letter_in(a_letter(0, value=b"\xff" + bytes(range(20))))
    assert binary is not None
    assert "00000010  0f 10 11 12 13" in printed(letter_view(binary, redriven=True))


def test_a_page_for_people_escapes_what_others_wrote() -> None:
    """An account's name is its sender's."""
    found = page(
        a_shelf(a_letter(0, value=b'{"account": "\\u001b[31m"}')).letters.values(), Wanted(), after=None, limit=1
    )
    for wide in (True, False):
        shown = printed(page_view(found, frozenset(), wide=wide))
        assert "\\x1b[31m" in shown
        assert "messages.sent.v1[1]@0" in shown


def test_a_hexdump_has_sixteen_bytes_a_line() -> None:
    """Place, numbers, characters."""
    assert list(hexdump(b"0123456789abcdef\x00z")) == [
        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|",
        f"00000010  00 7a{' ' * 42}  |.z|",
    ]
