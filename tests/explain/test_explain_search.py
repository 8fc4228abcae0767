"""Where a message is looked for, and which records are its own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.decide import decide
from relay.core.items import Answered
from relay.core.model import MessageState
from relay.explain.names import MAY_HIDE, Names, state_key
from relay.explain.rendering import message_view
from relay.kafka.partitions import partition_of
from relay.slot.keys import shard_key
from relay.slot.keys import state_key as key_of_request
from tests.builders import NOON, a_failed_report, a_report, a_request, a_state, after, requested, rules
from tests.explain.shelf import HYBER, PARTITIONS, VOICE, Shelf
from tests.explain.telling import found, lines, told


def moved(extra_id: str, message_id: str) -> MessageState:
    """Return the state of an extra_id that turned out to be a message."""
    return MessageState(anchor_at=NOON, expires_at=NOON, requested_at=NOON, extra_id=extra_id, became=message_id)


ANYWHERE = ("fetch_requests", "messages_sent", "dead_letters")


@pytest.mark.parametrize("ids", [("m-1", None), (None, "AD-1")])
def test_state_keys_are_those_of_requests(ids: tuple[str | None, str | None]) -> None:
    """What is searched is what the slots write."""
    message_id, extra_id = ids
    request = a_request(message_id=message_id, extra_id=extra_id)
    assert state_key("hyber_main", message_id, extra_id) == key_of_request(request)


async def test_only_the_partitions_that_matter_are_read() -> None:
    """A message's, those of an extra_id of this name, and all of inputs and letters, whose keys are anybody's."""
    shelf = Shelf()
    await found(shelf, "m-7", candidates=[HYBER])
    shards = {partition_of(shard_key("hyber_main", *ids), PARTITIONS) for ids in (("m-7", None), (None, "m-7"))}
    own = partition_of(b"m-7", PARTITIONS)
    assert shelf.asked_for == {
        *((topic, number) for topic in ("state", "inbox") for number in shards),
        *((topic, own) for topic in ("delivered", "seen", "failed", "answered")),
        *((topic, number) for topic in ANYWHERE for number in range(PARTITIONS)),
    }


@pytest.mark.parametrize(("extra_id", "whole"), [(None, False), (None, True), ("m-7", False)])
async def test_the_id_of_a_stored_message_is_taken_for_no_other_ones(extra_id: str | None, *, whole: bool) -> None:
    """Its state says what its extra_id is; only `--whole` looks for an extra_id of the same name all the same."""
    shelf = Shelf()
    shelf.state(a_state(message_id="m-7", extra_id=extra_id))
    await found(shelf, "m-7", candidates=[HYBER], whole=whole)
    own, other = (partition_of(shard_key("hyber_main", *ids), PARTITIONS) for ids in (("m-7", None), (None, "m-7")))
    assert own != other
    assert (("state", other) in shelf.asked_for) is (("inbox", other) in shelf.asked_for) is (whole or bool(extra_id))


async def test_of_a_message_that_was_forgotten_nobody_knows_its_extra_id() -> None:
    """So it may be the same: its tombstone narrows nothing."""
    shelf = Shelf()
    shelf.state(None, of="m-7")
    await found(shelf, "m-7", candidates=[HYBER])
    assert ("inbox", partition_of(shard_key("hyber_main", None, "m-7"), PARTITIONS)) in shelf.asked_for


async def test_a_collected_account_lives_in_one_partition() -> None:
    """Its messages, requests and raw answers lie where its name leads."""
    shelf = Shelf()
    await found(shelf, candidates=[VOICE])
    own = partition_of(b"voice_eu", PARTITIONS)
    assert {place for place in shelf.asked_for if place[0] in ("state", "inbox", "raw")} == {
        ("state", own),
        ("inbox", own),
        ("raw", own),
    }


@pytest.mark.parametrize("partitions", [1, PARTITIONS])
async def test_an_extra_id_leads_to_its_message(partitions: int) -> None:
    """The alias names the message, and what lies in the message's partitions is told, once."""
    shelf = Shelf(partitions=partitions)
    verdict = decide(a_state(extra_id="AD-1"), Answered(report=a_report()), after(1), rules())
    shelf.inbox(requested(message_id=None, extra_id="AD-1"))
    shelf.state(moved("AD-1", "m-1"), seconds=1)
    shelf.state(verdict.state, seconds=1)
    shelf.event(verdict.events[0], seconds=1)
    explanation = await told(shelf, "AD-1")
    assert list(explanation.outlooks) == ["message/hyber_main/m-1"]
    assert [line.split(",")[0] for line in lines(explanation)] == [
        "accepted: fetch request req-1",
        "event: delivered on sms",
        "state: extra_id AD-1 is message m-1",
        "state: delivered",
    ]


async def test_a_message_leads_to_what_was_asked_by_its_extra_id() -> None:
    """Its state knows the extra_id, under which the first request lies."""
    shelf = Shelf()
    shelf.inbox(requested(message_id=None, extra_id="AD-1"))
    shelf.input("fetch_requests", {"request_id": "req-1", "account": "hyber_main", "extra_id": "AD-1"})
    shelf.state(a_state(extra_id="AD-1"), seconds=1)
    assert [entry.kind for entry in (await told(shelf)).entries] == ["request", "accepted", "state"]


async def test_an_extra_id_that_was_used_again_brings_no_strange_message() -> None:
    """Its alias, requests and state now are another message's."""
    shelf = Shelf()
    shelf.state(a_state(extra_id="AD-1"))
    shelf.state(moved("AD-1", "m-2"), seconds=1)
    shelf.state(a_state(message_id="m-2", extra_id="AD-1"), seconds=1)
    shelf.inbox(requested(message_id="m-2", extra_id="AD-1"), seconds=1)
    shelf.input("messages_sent", {"account": "hyber_main", "message_id": "m-2", "extra_id": "AD-1"}, seconds=1)
    explanation = await told(shelf)
    assert list(explanation.states) == ["message/hyber_main/m-1"]
    assert len(explanation.entries) == 1


async def test_other_messages_are_passed_over() -> None:
    """A longer id, another account's, another message of the same partition."""
    shelf = Shelf()
    for message_id in ("m-10", "m-2", "xm-1"):
        shelf.put("delivered", b"m-1", b'{"account": "hyber_main", "message_id": "%s"}' % message_id.encode())
        shelf.input("fetch_requests", {"request_id": "m-1", "account": "hyber_main", "message_id": message_id})
    shelf.state(a_state(message_id="m-10"))
    assert (await told(shelf)).entries == ()


async def test_one_account_is_searched_alone() -> None:
    """Without the option an account that isn't configured is shown, too: its requests are dead letters."""
    shelf = Shelf()
    for account in ("hyber_main", "hyber_mian"):
        shelf.input("fetch_requests", {"request_id": "r", "account": account, "message_id": "m-1"})
    assert [entry.account for entry in (await told(shelf)).entries] == ["hyber_main", "hyber_mian"]
    one = await told(shelf, candidates=[HYBER], one_account=True)
    assert [entry.account for entry in one.entries] == ["hyber_main"]


async def test_an_id_is_found_behind_escapes() -> None:
    """JSON may be written in many ways."""
    shelf = Shelf()
    shelf.input("fetch_requests", rb'{"request_id": "r", "account": "hyber_main", "message_id": "m\u002d1"}')
    assert len((await told(shelf)).entries) == 1


async def test_a_record_that_is_no_json_is_shown_if_it_names_the_id() -> None:
    """A producer that writes something else is what one looks for."""
    shelf = Shelf()
    shelf.input("fetch_requests", b"request for m-1")
    shelf.input("fetch_requests", b"request for another")
    (line,) = lines(await told(shelf))
    assert "refused: invalid_json" in line


@pytest.mark.parametrize("topic", ["inbox", "delivered", "messages_sent", "raw"])
async def test_damaged_records_do_no_harm(topic: str) -> None:
    """Whatever stands there, nothing is raised, and nothing is told that the relay didn't write."""
    shelf = Shelf()
    event = {"event_id": "e", "account": "hyber_main", "message_id": "m-1", "sequence": 1}
    anything: tuple[Any, ...] = (None, [], {}, "m-1", 1)
    strange = [{**event, name: value} for name in event for value in anything]
    values = [
        None,
        b"",
        b"\xff m-1",
        b"[]",
        b"m-1",
        b'{"v":1,"request":{}}',
        *(json.dumps(each).encode() for each in strange),
    ]
    for value in values:
        for key in (b"m-1", b"hyber_main/m-1", b"voice_eu", None):
            shelf.put(topic, key, value)
    explanation = await told(shelf)
    assert explanation.entries == () or topic in ("delivered", "messages_sent")
    assert message_view(explanation)


async def test_the_newest_state_of_a_key_holds() -> None:
    """A topic that isn't compacted yet has older ones, and perhaps a tombstone at the end."""
    shelf = Shelf()
    shelf.state(a_state())
    verdict = decide(a_state(), Answered(report=a_failed_report()), after(1), rules())
    shelf.state(verdict.state, seconds=1)
    assert lines(await told(shelf))[0].startswith("state: failed: expired")
    shelf.state(None, of="m-1", seconds=2)
    explanation = await told(shelf)
    assert lines(explanation) == ["state: forgotten"]
    assert explanation.states == {}


async def test_topics_that_are_missing_are_named() -> None:
    """The others are read all the same."""
    shelf = Shelf(missing=["raw", "seen"])
    shelf.state(a_state())
    explanation = await told(shelf)
    assert explanation.missing == ("t.seen", "t.raw")
    assert len(explanation.entries) == 1


def test_a_document_is_parsed_only_if_it_may_name_the_message() -> None:
    """Its ids, whole, or signs behind which one may stand."""
    names = Names("AD-1")
    names.learn("hyber_main", "m-1", "AD-1")
    assert names.may_name(b"... m-1 ...")
    assert names.may_name(b"... AD-1 ...")
    assert all(names.may_name(sign) for sign in MAY_HIDE)
    assert not names.may_name(b'{"message_id": "m-2"}')
    assert not any(sign in b'{"message_id": "m-2"}' for sign in names.signs_in_json)


@given(
    name=st.text(min_size=1, max_size=20),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
    ensure_ascii=st.booleans(),
)
def test_json_that_names_the_message_has_a_sign(name: str, encoding: str, *, ensure_ascii: bool) -> None:
    """However it is written, but for UTF-16 and UTF-32 with escapes, which no input may be written in."""
    written = json.dumps({"message_id": name}, ensure_ascii=ensure_ascii)
    if name not in written:
        encoding = "utf-8"
    assert any(sign in written.encode(encoding) for sign in Names(name).signs_in_json)
    assert any(sign in written.replace("/", "\\/").encode() for sign in Names(name).signs_in_json)
