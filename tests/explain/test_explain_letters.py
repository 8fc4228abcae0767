"""Dead letters on the timeline: those that are about the message, and what of them is told."""

import json
from typing import Any

import pytest

from relay.contracts.dead_letter import RejectedRecord, dead_letter_for
from relay.core.items import Requested
from tests.builders import a_sent, after
from tests.explain.shelf import Shelf
from tests.explain.telling import lines, told

NUMBER = "491751234567"


def put_letter(shelf: Shelf, value: bytes | None, *, topic: str = "t.messages_sent", **facts: Any) -> str:
    """Write a dead letter a second after noon; return its id."""
    defaults: dict[str, Any] = {"partition": 0, "offset": 7, "timestamp": 0, "key": None, "headers": ()}
    record = RejectedRecord(topic=topic, value=value, **defaults | facts)
    letter = dead_letter_for(record, "invalid_field", "sent_at: an offset is missing", after(1))
    shelf.put("dead_letters", record.key, letter.to_bytes(), seconds=1)
    return letter.dead_letter_id


async def test_a_refused_request_is_told_by_its_letter() -> None:
    """With the mistake, the place and the letter's id; nothing of its payload."""
    shelf = Shelf()
    value = {"account": "hyber_main", "message_id": "m-1", "recipient": NUMBER}
    letter_id = put_letter(shelf, json.dumps(value).encode())
    explanation = await told(shelf)
    (line,) = lines(explanation)
    assert line.startswith("dead_letter: invalid_field: sent_at: an offset is missing, refused at t.messages_sent[0]@7")
    assert line.endswith(f", dead_letter_id {letter_id}")
    assert explanation.summary == (f"refused: `relay dead-letters show {letter_id}`",)
    assert NUMBER not in json.dumps(explanation.as_json())


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b'{"message_id": "m-1", "account": 7}', ()),
        (b'{"message_id": "m-1", ', ()),
        (b"\xffm-1", ()),
        (b'{"v":1,"request":{"account":"hyber_main","message_id":"m-1"}}', ()),
        (b'{"messageId": "m-1"}', [("account", b"voice_eu")]),
    ],
)
async def test_a_letter_is_found_by_the_id_in_its_payload(value: bytes, headers: Any) -> None:
    """In whatever it holds: fields, a broken document, a stored request, a provider's report."""
    shelf = Shelf()
    letter_id = put_letter(shelf, value, headers=headers)
    (entry,) = (await told(shelf)).entries
    assert (entry.kind, entry.details["dead_letter_id"]) == ("dead_letter", letter_id)


@pytest.mark.parametrize("value", [None, b"", b'{"message_id": "m-2"}', b'{"message_id": "m-11"}', b"other"])
async def test_letters_of_others_are_left_out(value: bytes | None) -> None:
    """An id that merely begins alike is another."""
    shelf = Shelf()
    put_letter(shelf, value)
    shelf.put("dead_letters", None, b"no letter, but m-1")
    assert (await told(shelf)).entries == ()


async def test_a_letter_beside_an_accepted_request_changes_no_sentence() -> None:
    """The message goes its way; that something about it was refused is told as well."""
    shelf = Shelf()
    shelf.inbox(Requested(request=a_sent()))
    put_letter(shelf, b'{"message_id": "m-1"}')
    explanation = await told(shelf)
    assert [entry.kind for entry in explanation.entries] == ["accepted", "dead_letter"]
    assert explanation.summary[0].startswith("accepted, and nothing is stored of it")
