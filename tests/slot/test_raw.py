"""Answers of drains as raw records and back: parts, whoever writes between them, however often, and what is damaged."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.collecting import AccountState, Drained
from relay.slot import raw
from relay.slot.codec import UnreadableInternal, decode_account, encode_account
from relay.slot.raw import PART_BYTES, Assembled, Assembly, Part, StoredResponse, part_of, raw_records
from tests.collected import ACCOUNT
from tests.slot.stored import RAW, Record, a_response, stored, with_headers, without_header

SMALL = 10
"""The size of a part in these tests."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few bytes need several parts."""
    monkeypatch.setattr(raw, "PART_BYTES", SMALL)


def begun(offset: int = 0) -> Assembly:
    """Return an assembly that starts at an offset."""
    assembly = Assembly()
    assembly.begin(offset)
    return assembly


def put(assembly: Assembly, record: Record, monotonic: float = 0.0) -> Assembled | None:
    """Put a record in, as it is fetched."""
    assembly.note(record)
    return assembly.put(part_of(record), monotonic)


def assembled(assembly: Assembly, records: list[Record]) -> list[Assembled]:
    """Put records in; return what came together."""
    return [whole for record in records if (whole := put(assembly, record)) is not None]


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL, 3 * SMALL + 7])
def test_a_body_of_any_size_comes_back(size: int) -> None:
    """Nothing, one part, several, and exactly a multiple of a part."""
    body = bytes(range(size))
    records = stored(a_response(body=body))
    assert len(records) == max(1, -(-size // SMALL))
    (whole,) = assembled(begun(), records)
    assert whole.body == body
    assert whole.offsets == tuple(range(len(records)))


def test_the_headers_of_every_part_tell_of_the_whole() -> None:
    """Any part by itself says what it belongs to, as text that topic tools show."""
    response = a_response(body=bytes(SMALL + 1), status=503, retry_after="120", content_type=None)
    first, second = raw_records(response, RAW, 3)
    assert (first.topic, first.partition, first.key) == (RAW, 3, ACCOUNT.encode())
    facts = dict(second.headers)
    assert facts.pop("part") == b"2"
    assert dict(first.headers) == {**facts, "part": b"1"}
    assert {name: value.decode() for name, value in facts.items() if name != "sha256"} == {
        "account": ACCOUNT,
        "response_id": "d-1",
        "parts": "2",
        "status": "503",
        "url": response.url,
        "retry_after": "120",
        "asked_at": "2026-11-22T12:00:00.000Z",
        "answered_at": "2026-11-22T12:00:01.000Z",
    }


def test_a_part_fits_a_record_and_its_dead_letter() -> None:
    """Base64 makes a third more of it; 16 MiB are what the topics accept."""
    assert PART_BYTES * 4 / 3 + 65_536 < 16 * 1_048_576


def test_parts_of_two_writers_between_each_other_come_together() -> None:
    """A frozen owner may go on writing while the next one writes, too."""
    one, two = (stored(a_response(response_id=name, body=name.encode() * 8)) for name in ("d-1", "d-2"))
    mixed = [each for pair in zip(one, two, strict=True) for each in pair]
    records = [replace(each, offset=place) for place, each in enumerate(mixed)]
    wholes = assembled(begun(), records)
    assert [(whole.first.response_id, whole.body) for whole in wholes] == [("d-1", b"d-1" * 8), ("d-2", b"d-2" * 8)]
    assert [whole.offsets for whole in wholes] == [(0, 2, 4), (1, 3, 5)]


responses = st.builds(
    lambda number, body: a_response(response_id=f"d-{number}", body=body), st.integers(), st.binary(max_size=4 * SMALL)
)


def written(chance: random.Random, response: StoredResponse) -> Iterator[Record]:
    """Give an answer's records as a writer that repeats itself writes them: in order, each once or more."""
    for record in stored(response):
        for _ in range(chance.choice([1, 1, 2, 3])):
            yield record


@given(st.lists(responses, max_size=4, unique_by=lambda each: each.response_id), st.randoms(use_true_random=False))
def test_every_answer_comes_together_whatever_is_between_its_parts(
    answers: list[StoredResponse], chance: random.Random
) -> None:
    """In any mixture of writers that repeat parts, each comes with its body, and no offset is lost or held for ever."""
    queues = [list(written(chance, answer)) for answer in answers]
    assembly, place, wholes = begun(7), 7, []
    while queue := chance.choice([queue for queue in queues if queue] or [[]]):
        record = replace(queue.pop(0), offset=place)
        place += 1
        if (whole := put(assembly, record)) is not None:
            wholes.append(whole)
    bodies = {whole.first.response_id: whole.body for whole in reversed(wholes)}
    assert bodies == {answer.response_id: answer.body for answer in answers}
    rest = assembly.overdue(1e9, 30.0)
    assert all(fragment.body is None for fragment in rest)
    assert assembly.next_offset == 7
    for whole in [*wholes, *rest]:
        assembly.decided(whole.offsets)
    assert (assembly.next_offset, assembly.bytes) == (place, 0)


def test_the_offset_stays_at_the_first_that_is_not_decided() -> None:
    """What came together later passes; a crash reads from the first part on that waits."""
    assembly = begun(5)
    first, second = stored(a_response(body=bytes(SMALL + 1)), offset=5)
    assert put(assembly, first) is None
    (other,) = stored(a_response(response_id="d-2"), offset=6)
    whole = put(assembly, other)
    assert whole is not None
    assembly.decided(whole.offsets)
    assert assembly.next_offset == 5
    whole = put(assembly, replace(second, offset=7))
    assert whole is not None
    assert assembly.next_offset == 5
    assembly.decided(whole.offsets)
    assert assembly.next_offset == assembly.next_fetched == 8


def test_what_waits_is_counted_in_bytes() -> None:
    """Fetching must be able to wait when too much of it is in memory."""
    assembly = begun()
    whole = None
    for record in stored(a_response(body=bytes(25))):
        whole = put(assembly, record)
    assert assembly.bytes == 25
    assert whole is not None
    assembly.decided(whole.offsets)
    assert assembly.bytes == 0


def test_starting_over_forgets_what_waited() -> None:
    """A new owner begins at the committed offset with nothing in its hands."""
    assembly = begun()
    first, second = stored(a_response(body=bytes(SMALL + 1)))
    put(assembly, first)
    assembly.begin(1)
    assert (assembly.next_offset, assembly.bytes) == (1, 0)
    assert put(assembly, second) is None


def test_parts_whose_others_never_come_are_given_up_after_a_while() -> None:
    """The time counts from the newest part, so that a slow writer isn't taken for a dead one."""
    assembly = begun()
    first, second, third = stored(a_response(body=bytes(3 * SMALL)))
    put(assembly, third, 0.0)
    put(assembly, first, 20.0)
    assert assembly.overdue(50.0, 30.0) == []
    (fragment,) = assembly.overdue(50.1, 30.0)
    assert (fragment.body, fragment.offsets, [part.part for part in fragment.parts]) == (None, (2, 0), [1, 3])
    assert assembly.overdue(1e9, 30.0) == []
    assert put(assembly, second, 60.0) is None


def test_bytes_that_are_not_what_was_sent_are_no_body() -> None:
    """The digest tells; nothing of it is read."""
    (record,) = stored(a_response(body=b"[1]"))
    whole = put(begun(), with_headers(record, sha256=b"0" * 64))
    assert whole is not None
    assert whole.body is None
    assert [part.record.value for part in whole.parts] == [b"[1]"]


NEEDED = ["account", "response_id", "part", "parts", "sha256", "status", "url", "asked_at", "answered_at"]


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", ["missing", None, b"\xff"])
def test_a_record_without_a_readable_header_is_none_of_ours(name: str, value: bytes | str | None) -> None:
    """Each header but those of the answer that it didn't have is needed, as text."""
    (record,) = stored(a_response())
    damaged = without_header(record, name) if isinstance(value, str) else with_headers(record, **{name: value})
    with pytest.raises(UnreadableInternal):
        part_of(damaged)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("part", b"0"),
        ("part", b"2"),
        ("part", b"-1"),
        ("part", b"one"),
        ("parts", b"0"),
        ("parts", b""),
        ("status", b"OK"),
        ("answered_at", b"yesterday"),
        ("answered_at", b"2026-11-22T12:00:01"),
        ("answered_at", b"0001-01-01T00:00:00.000+14:00"),
    ],
)
def test_a_record_whose_headers_make_no_sense_is_none_of_ours(name: str, value: bytes) -> None:
    """It must be found out here: later it would end the turn, and every turn after a restart."""
    (record,) = stored(a_response())
    with pytest.raises(UnreadableInternal):
        part_of(with_headers(record, **{name: value}))


def test_a_tombstone_is_none_of_ours() -> None:
    """An answer without a body has an empty one."""
    (record,) = stored(a_response())
    with pytest.raises(UnreadableInternal):
        part_of(replace(record, value=None))


header_values = (
    st.none() | st.binary(max_size=6) | st.sampled_from([b"1", b"2", b"200", b"0", b"2026-11-22T12:00:00.000Z"])
)


@given(st.dictionaries(st.sampled_from([*NEEDED, "content_type", "x"]), header_values))
def test_headers_of_any_bytes_raise_only_what_is_declared(changes: dict[str, bytes | None]) -> None:
    """Whoever writes to the topic, the slot goes on."""
    (record,) = stored(a_response())
    try:
        part = part_of(with_headers(record, **changes))
    except UnreadableInternal:
        return
    assert decode_account(encode_account(AccountState(last=_drained(part)))) == AccountState(last=_drained(part))


def _drained(part: Part) -> Drained:
    return Drained(drain_id=part.response_id, answered_at=part.answered_at, status=part.status)
