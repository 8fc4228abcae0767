"""A message's records in order of time, in words, with the sentence that closes them."""

import json
from dataclasses import replace

import pytest

from relay.core.decide import Verdict, decide
from relay.core.items import Answered, Item, Requested
from relay.core.rules import Rules
from relay.explain.rendering import message_view
from tests.builders import (
    NOON,
    a_failed_report,
    a_pending_report,
    a_report,
    a_seen_report,
    a_sent,
    a_state,
    after,
    requested,
    rules,
)
from tests.explain.shelf import HYBER, Shelf
from tests.explain.telling import lines, printed, told

NUMBER = "491751234567"
SENT = {"account": "hyber_main", "message_id": "m-1", "recipient": NUMBER, "sent_at": "2026-11-22T12:00:00Z"}


def decided(shelf: Shelf, *items: Item, by: Rules | None = None) -> Verdict:
    """Decide items a second apart, and put events and states where the slots do."""
    verdict = Verdict(state=a_state())
    for second, item in enumerate(items, 1):
        verdict = decide(verdict.state, item, after(second), by or rules())
        for event in verdict.events:
            shelf.event(event, seconds=second)
        shelf.state(verdict.state, seconds=second)
    return verdict


async def test_a_life_in_order_of_time() -> None:
    """Request, acceptance, events by their sequence, state; the relay's own words for each."""
    shelf = Shelf()
    shelf.input("messages_sent", SENT, seconds=-1)
    shelf.inbox(Requested(request=a_sent(recipient=NUMBER)))
    decided(shelf, Answered(report=a_seen_report(recipient=NUMBER)))
    explanation = await told(shelf)
    delivered, seen = explanation.entries[2:4]
    times = "occurred 2026-11-22T12:00:01.000Z, observed 2026-11-22T12:00:01.000Z"
    assert lines(explanation) == [
        "request: reported as sent, to 4917******67, sent_at 2026-11-22T12:00:00Z",
        "accepted: sent message, expires 2026-11-24T12:00:00.000Z",
        f"event: delivered on viber, sequence 1, inferred, {times}, event_id {delivered.details['event_id']}",
        f"event: seen on viber, sequence 2, {times}, event_id {seen.details['event_id']}",
        "state: delivered (inferred) and seen, expires 2026-11-24T12:00:00.000Z, 2 events published",
    ]
    assert explanation.summary == (
        "delivered (inferred) and seen; nothing is waited for; remembered until 2026-11-29T12:00:01.000Z (for 7 days)",
    )


async def test_no_whole_phone_number_is_shown() -> None:
    """Neither by the requests nor by the state, in no form; what events show is up to [privacy]."""
    shelf = Shelf()
    shelf.input("messages_sent", SENT)
    shelf.input("messages_sent", {**SENT, "recipient": 491751234567, "callback_data": NUMBER})
    shelf.inbox(Requested(request=a_sent(recipient=NUMBER)))
    shelf.state(a_state(recipient=NUMBER))
    explanation = await told(shelf)
    assert len(explanation.entries) == 4
    assert NUMBER not in json.dumps(explanation.as_json())


async def test_a_failure_is_told_with_its_reason_and_what_it_supersedes() -> None:
    """The relay's category and the provider's code."""
    shelf = Shelf()
    verdict = decided(shelf, Answered(report=a_failed_report()), Answered(report=a_report()))
    first = verdict.state.published[0] if verdict.state else None
    assert first is not None
    failed, delivered = (line for line in lines(await told(shelf)) if line.startswith("event"))
    assert "failed on sms, sequence 1, reason expired, code 35015," in failed
    assert f"supersedes {first.event_id}" in delivered


async def test_a_republished_event_is_told_to_be_one() -> None:
    """The same event stands on its topic twice."""
    shelf = Shelf()
    again = requested(request_id="req-2", republish=True)
    decided(shelf, Answered(report=a_report()), again)
    assert ["published again" in line for line in lines(await told(shelf)) if line.startswith("event")] == [False, True]


async def test_what_was_forwarded_is_told_as_such() -> None:
    """The slot of the extra_id tells the message's slot what it learned."""
    shelf = Shelf()
    state = replace(a_state(message_id=None), extra_id="AD-1")
    report = a_pending_report(message_id="m-1", extra_id="AD-1")
    forward = decide(state, Answered(report=report), after(1), rules()).forward
    assert forward is not None
    shelf.inbox(forward)
    assert lines(await told(shelf)) == [
        "forwarded: extra_id AD-1 is message m-1, reported pending, expires 2026-11-24T12:00:00.000Z"
    ]


async def test_a_refused_request_is_told_with_the_rule_that_it_breaks() -> None:
    """The reason of its dead letter, and that there is one."""
    shelf = Shelf()
    shelf.input("fetch_requests", {"request_id": "r-1", "account": "hyber_main", "message_id": "m-1", "limit": 5})
    explanation = await told(shelf)
    assert "refused: foreign_field: limit" in lines(explanation)[0]
    assert explanation.summary == ("refused: see the dead letters",)


@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "1e999", "[1e999]", "[" * 900 + "]" * 900, '"' + "x" * 5000 + '"']
)
async def test_what_a_sender_wrote_can_always_be_written_as_json(value: str) -> None:
    """Numbers beyond JSON, nesting, endless text."""
    shelf = Shelf()
    shelf.input("fetch_requests", f'{{"account": "hyber_main", "message_id": "m-1", "limit": {value}}}'.encode())
    (entry,) = (await told(shelf)).as_json()["entries"]
    assert len(json.dumps(entry, allow_nan=False)) < 3000


async def test_control_characters_stay_off_the_terminal() -> None:
    """An id may not hold them, but a record that is refused may."""
    shelf = Shelf()
    shelf.input("fetch_requests", {"request_id": "\x1b[2J", "account": "hyber_main", "message_id": "m-1"})
    (entry,) = (await told(shelf)).entries
    assert "\x1b" not in entry.text


async def test_a_request_that_was_not_accepted_yet_raises_the_question() -> None:
    """Nothing but the input record is there."""
    shelf = Shelf()
    shelf.input("fetch_requests", {"request_id": "r-1", "account": "hyber_main", "message_id": "m-1"})
    assert (await told(shelf)).summary == ("asked for, but not accepted yet: is the relay running?",)


async def test_an_accepted_request_without_a_state_is_explained() -> None:
    """It may be waiting, or have ended without anything worth keeping."""
    shelf = Shelf()
    shelf.inbox(requested())
    (sentence,) = (await told(shelf)).summary
    assert sentence.startswith("accepted, and nothing is stored of it")


async def test_events_outlive_the_state() -> None:
    """After the retention the topics of the events still tell."""
    shelf = Shelf()
    decided(shelf, Answered(report=a_report()))
    shelf.state(None, of="m-1", seconds=9)
    assert (await told(shelf)).summary == ("delivered; nothing is waited for, and it is forgotten by now",)


async def test_a_state_of_another_release_is_told_to_be_one() -> None:
    """It stands in the timeline, undecoded."""
    shelf = Shelf()
    shelf.put("state", b"message/hyber_main/m-1", b'{"v":2}', shard=b"hyber_main/m-1")
    explanation = await told(shelf)
    assert lines(explanation) == ["state: can't be read: another release wrote it, or it is damaged"]
    assert explanation.summary == ("what is stored of it can't be read by this release, or is forgotten by now",)


async def test_two_accounts_that_know_an_id_are_told_apart() -> None:
    """Each has its own state and its own closing sentence."""
    shelf = Shelf()
    other = replace(HYBER, name="hyber_two", rules=rules(account="hyber_two"))
    shelf.state(a_state())
    shelf.state(a_state(), candidate=other)
    explanation = await told(shelf, candidates=[HYBER, other])
    assert explanation.accounts == ("hyber_main", "hyber_two")
    assert list(explanation.outlooks) == ["message/hyber_main/m-1", "message/hyber_two/m-1"]
    assert [sentence.split(":")[0] for sentence in explanation.summary[:2]] == ["hyber_main", "hyber_two"]
    heading, _, first, second, *_ = printed(message_view(explanation))
    assert heading == "message m-1 in hyber_main, hyber_two"
    assert [first.split()[:3], second.split()[:3]] == [
        ["2026-11-22T12:00:00.000Z", "state", "hyber_main"],
        ["2026-11-22T12:00:00.000Z", "state", "hyber_two"],
    ]


async def test_the_json_has_the_promised_shape() -> None:
    """Entries sorted, with their places; state and next by the key of the state topic."""
    shelf = Shelf()
    shelf.inbox(requested(), seconds=1)
    shelf.state(a_state(), seconds=2)
    shelf.input("fetch_requests", {"request_id": "req-1", "account": "hyber_main", "message_id": "m-1"})
    shown = (await told(shelf)).as_json()
    assert (shown["message_id"], shown["accounts"]) == ("m-1", ["hyber_main"])
    assert [(entry["kind"], entry["topic"]) for entry in shown["entries"]] == [
        ("request", "t.fetch_requests"),
        ("accepted", "t.inbox"),
        ("state", "t.state"),
    ]
    assert shown["entries"][0]["at"] == "2026-11-22T12:00:00.000Z"
    assert shown["state"]["message/hyber_main/m-1"]["outcome"] == "pending"
    assert shown["next"]["message/hyber_main/m-1"]["waits_for"] == "outcome"
    assert shown["next"]["message/hyber_main/m-1"]["until"] == "2026-11-24T12:00:00.000Z"


async def test_a_timestamp_that_is_no_date_is_no_obstacle() -> None:
    """Producers may write any number; such a record comes first."""
    shelf = Shelf()
    shelf.state(a_state())
    early = shelf.input("fetch_requests", {"request_id": "r-1", "account": "hyber_main", "message_id": "m-1"})
    for timestamp in (-1, 2**62):
        shelf._records[-1] = replace(early, timestamp=timestamp)
        entries = (await told(shelf)).entries
        assert [entry.at for entry in entries] == [None, NOON]
