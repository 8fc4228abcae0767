"""How a slot takes the answers of drains: each once it is whole and read, in order, and by the chunk."""

import asyncio
from dataclasses import replace

import pytest

from relay.contracts.bad_record import BadRecordCode
from relay.slot import raw
from relay.slot.answers import FRAGMENT_SECONDS, Answers
from tests.collected import ACCOUNT
from tests.slot.reading import FakeLetters, FakeSource
from tests.slot.stored import Record, a_response, stored, with_headers
from tests.virtual_time import in_virtual_time, settled

SMALL = 10
"""The size of a part in these tests."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few bytes need several parts."""
    monkeypatch.setattr(raw, "PART_BYTES", SMALL)


class Driven:
    """The answers of a slot, with a source in the test's hand."""

    def __init__(self) -> None:
        self.source = FakeSource()
        self.letters = FakeLetters()
        self.woken = 0
        self.answers = Answers(lambda name: self.source if name == ACCOUNT else None, self.letters, self.wake)
        self.answers.begin(0)

    def wake(self) -> None:
        """Count how often the loop was woken."""
        self.woken += 1

    async def receive(self, *records: Record, monotonic: float = 0.0) -> None:
        """Put records in, and let what can be read be read."""
        for record in records:
            self.answers.receive(record, monotonic)
        await settled()

    def take(self, limit: int = 500) -> list[tuple[str, list[str | None], bool, bool]]:
        """Take chunks; return of each whose it is, its messages, and whether it is the first or the last."""
        return [
            (chunk.answer.response_id, [report.message_id for report in chunk.reports], chunk.first, chunk.last)
            for chunk in self.answers.take(limit)
        ]


@in_virtual_time
async def test_an_answer_is_taken_once_it_is_read() -> None:
    """The loop is woken for it, and its offset passes."""
    driven = Driven()
    driven.answers.receive(stored(a_response(body=b"m-1 m-2"))[0], 0.0)
    assert (driven.answers.ripe, driven.answers.holds("d-1"), driven.take()) == (False, True, [])
    await settled()
    assert (driven.answers.ripe, driven.woken, driven.answers.next_offset) == (True, 1, 0)
    assert driven.take() == [("d-1", ["m-1", "m-2"], True, True)]
    assert (driven.answers.ripe, driven.answers.holds("d-1"), driven.answers.next_offset) == (False, False, 1)
    assert driven.answers.bytes == 0


@in_virtual_time
async def test_a_large_answer_is_taken_by_the_chunk() -> None:
    """Its offset passes with the last one: after a crash all of it is read again."""
    driven = Driven()
    await driven.receive(*stored(a_response(body=b"a b c d e")))
    assert driven.take(2) == [("d-1", ["a", "b"], True, False)]
    assert driven.take(2) == [("d-1", ["c", "d"], False, False)]
    assert (driven.answers.next_offset, driven.answers.holds("d-1")) == (0, True)
    assert driven.take(2) == [("d-1", ["e"], False, True)]
    assert driven.answers.next_offset == 1


@in_virtual_time
async def test_a_turn_takes_as_many_answers_as_it_has_room_for() -> None:
    """An empty one takes room, too; what is left of the room goes to the beginning of the next."""
    driven = Driven()
    await driven.receive(
        *stored(
            a_response(body=b"a"),
            a_response(response_id="d-2", body=b""),
            a_response(response_id="d-3", body=b"b c"),
        )
    )
    assert driven.take(3) == [("d-1", ["a"], True, True), ("d-2", [], True, True), ("d-3", ["b"], True, False)]
    assert driven.take(3) == [("d-3", ["c"], False, True)]
    assert driven.take(3) == []


@in_virtual_time
async def test_answers_are_taken_in_their_order() -> None:
    """One that takes long to read holds the next, so that an account's drains are decided one after the other."""
    driven = Driven()
    driven.source.held[b"slow"] = asyncio.Event()
    await driven.receive(*stored(a_response(body=b"slow"), a_response(response_id="d-2", body=b"fast")))
    assert len(driven.source.bodies) == 2
    assert (driven.answers.ripe, driven.take()) == (False, [])
    driven.source.held[b"slow"].set()
    await settled()
    assert [name for name, *_ in driven.take()] == ["d-1", "d-2"]


@in_virtual_time
async def test_a_record_that_is_fetched_again_is_passed_over() -> None:
    """After a rebalance the consumer may give what was received before."""
    driven = Driven()
    records = stored(a_response(body=b"a"), a_response(response_id="d-2", body=b"b"))
    await driven.receive(records[0], *records)
    assert len(driven.take()) == 2
    driven.answers.begin(1)
    await driven.receive(*records)
    assert [name for name, *_ in driven.take()] == ["d-2"]


@in_virtual_time
async def test_a_record_that_is_none_of_ours_becomes_a_dead_letter_in_its_place() -> None:
    """It neither holds the offset nor ends the process."""
    driven = Driven()
    (ours, broken) = stored(a_response(body=b"a"), a_response(response_id="d-2"))
    await driven.receive(ours, with_headers(broken, parts=b"none"))
    first, second = driven.answers.take(500)
    assert (first.answer.response_id, second.answer.response_id, second.answer.reports) == ("d-1", "", ())
    assert len(second.answer.letters) == 1
    assert [(offset, code) for offset, code, _, _ in driven.letters.made] == [(1, BadRecordCode.DAMAGED)]
    assert driven.answers.next_offset == 2


@in_virtual_time
async def test_parts_whose_others_never_come_become_an_answer_in_the_end() -> None:
    """They hold the offset until then, and nothing else."""
    driven = Driven()
    first, _ = stored(a_response(body=bytes(SMALL + 1)))
    (other,) = stored(a_response(response_id="d-2", body=b"a"), offset=1)
    await driven.receive(first, other, monotonic=100.0)
    assert driven.take() == [("d-2", ["a"], True, True)]
    driven.answers.give_up_fragments(100.0 + FRAGMENT_SECONDS)
    await settled()
    assert (driven.take(), driven.answers.next_offset) == ([], 0)
    driven.answers.give_up_fragments(100.5 + FRAGMENT_SECONDS)
    await settled()
    assert driven.take() == [("d-1", [], True, True)]
    assert driven.answers.next_offset == 2


@pytest.mark.parametrize("doubled", [0, 1])
@pytest.mark.parametrize("decided", [False, True])
@in_virtual_time
async def test_a_part_that_is_stored_once_more_waits_for_no_others(*, decided: bool, doubled: int) -> None:
    """Its offset passes with its answer's; no fragment is left that would become a dead letter."""
    driven = Driven()
    records = stored(a_response(body=b"m-1 m-2 m-3"))
    await driven.receive(*records)
    if decided:
        assert len(driven.take()) == 1
    await driven.receive(replace(records[doubled], offset=2))
    if not decided:
        assert len(driven.take()) == 1
    assert (driven.answers.next_offset, driven.answers.bytes) == (3, 0)
    driven.answers.give_up_fragments(10 * FRAGMENT_SECONDS)
    await settled()
    assert (driven.take(), driven.letters.made) == ([], [])


@in_virtual_time
async def test_an_answer_that_became_dead_letters_is_read_when_it_is_sent_again() -> None:
    """Who redrives its records wants them read: by then the account may be configured again."""
    driven = Driven()
    (record,) = stored(a_response(body=b"m-1", account="left"))
    await driven.receive(record)
    assert driven.take() == [("d-1", [], True, True)]
    assert len(driven.letters.made) == 1
    await driven.receive(*stored(a_response(body=b"m-1"), offset=1))
    assert driven.take() == [("d-1", ["m-1"], True, True)]


@in_virtual_time
async def test_a_slot_given_up_forgets_its_answers() -> None:
    """Reading ends, and whoever begins again starts with the first report."""
    driven = Driven()
    driven.source.held[b"slow"] = asyncio.Event()
    await driven.receive(*stored(a_response(body=b"a b"), a_response(response_id="d-2", body=b"slow")))
    assert driven.take(1) == [("d-1", ["a"], True, False)]
    driven.answers.clear()
    await settled()
    assert (driven.take(), driven.answers.holds("d-2")) == ([], False)
    driven.answers.begin(0)
    driven.source.held.clear()
    await driven.receive(*stored(a_response(body=b"a b"), a_response(response_id="d-2", body=b"slow")))
    assert [messages for _, messages, _, _ in driven.take()] == [["a", "b"], ["slow"]]
