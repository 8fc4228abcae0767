"""The demo's count: what it takes for published exactly once, and how the figures add up."""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from relay.demo.tally import Tally, Verdict, changes_of, delays_of
from relay.simulator.infobip_truth import CallTruth
from relay.simulator.truth import Truth

PENDING = Truth(
    message_id="m1",
    extra_id=None,
    sent_at=100.0,
    readable_at=100.0,
    delivered_at=None,
    seen_at=None,
    failed_at=None,
    outcome="pending",
)
DELIVERED = replace(PENDING, delivered_at=101.0, outcome="delivered")
SEEN = replace(DELIVERED, seen_at=105.0)
FAILED = replace(PENDING, failed_at=102.0, outcome="failed")
UNREPORTED = CallTruth(
    message_id="m1",
    bulk_id=None,
    sent_at=100.0,
    delivered_at=None,
    answered_at=None,
    failed_at=None,
    outcome="pending",
)
ANSWERED = replace(UNREPORTED, delivered_at=101.0, answered_at=101.0, outcome="delivered")


def an_event(kind: str, **changed: Any) -> dict[str, Any]:
    """Build the fields of a StatusChanged that the tally looks at; the same fact has the same id."""
    event = {"message_id": "m1", "extra_id": None, "type": kind, "sequence": 1, "inferred": False, "supersedes": None}
    event |= {"request_id": None} | changed
    fact = f"{event['message_id']} {kind} {event['inferred']}"
    return {"event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, fact)), **event}


def a_tally(*events: dict[str, Any], expected: tuple[str, ...] = ("m1",), asked: bool = True) -> Tally:
    """Build a tally that has read these events."""
    tally = Tally()
    for message_id in expected:
        tally.expect(message_id, asked=asked)
    for event in events:
        tally.read(event, at=110.0, knew_at=100.0)
    return tally


def faults(tally: Tally, truth: Truth, *, silent: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Give the faults that the verdict names, for one message."""
    return tally.verdict({"m1": truth}, silent=silent).faults


def test_every_change_published_once_is_no_fault() -> None:
    """A message that was delivered and seen, each published once and numbered, is as it should be."""
    verdict = a_tally(an_event("delivered"), an_event("seen", sequence=2)).verdict({"m1": SEEN})
    assert verdict == Verdict(known=2, published=2, lost=0, twice=0, faults=())


def test_a_change_that_was_not_published_is_a_fault() -> None:
    """What the provider knew and nobody published is named with its message."""
    assert faults(a_tally(an_event("delivered")), SEEN) == ("m1: seen was not published",)


def test_a_record_published_twice_is_a_fault() -> None:
    """The same event read twice is a duplicate, although its id would let readers drop it."""
    tally = a_tally(an_event("failed"), an_event("failed"))
    assert faults(tally, FAILED) == ("m1: failed was published 2 times instead of 1",)


def test_what_is_lost_and_what_came_twice_is_counted() -> None:
    """Each change that is missing and each that came more often counts, beside the line that names it."""
    tally = a_tally(an_event("delivered"), an_event("delivered"), an_event("failed", message_id="m2"), expected=("m1",))
    verdict = tally.verdict({"m1": SEEN})
    assert (verdict.lost, verdict.twice, len(verdict.faults)) == (1, 1, 3)


def test_an_answered_call_has_two_changes() -> None:
    """A call that was taken is delivered and answered; one without a report changes nothing."""
    answered = a_tally(an_event("delivered"), an_event("answered", sequence=2)).verdict({"m1": ANSWERED})
    assert answered == Verdict(known=2, published=2, lost=0, twice=0, faults=())
    assert changes_of(replace(ANSWERED, answered_at=None)) == {"delivered"}
    assert changes_of(replace(UNREPORTED, failed_at=101.0, outcome="failed")) == {"failed"}


@pytest.mark.parametrize("request_id", [None, "somebody's"])
def test_what_nobody_asked_for_names_no_request(request_id: str | None) -> None:
    """Its changes count as any other, but an event of it that names a request is at fault."""
    tally = a_tally(an_event("failed", request_id=request_id), asked=False)
    verdict = tally.verdict({"m1": FAILED})
    assert (verdict.known, verdict.published, verdict.lost) == (1, 1, 0)
    assert bool(verdict.faults) is (request_id is not None)
    assert tally.counts().unasked == 1


def test_what_nobody_asked_for_is_not_given_up() -> None:
    """Nobody waits for a report of a message that the relay was not told of."""
    assert a_tally(asked=False).verdict({"m1": UNREPORTED}).faults == ()
    assert a_tally(asked=True).verdict({"m1": UNREPORTED}).faults == ("m1: was not given up",)


def test_a_change_that_never_was_is_a_fault() -> None:
    """An event without a counterpart in the truth is named."""
    assert faults(a_tally(an_event("failed")), PENDING, silent=("m1",)) == ("m1: failed was published, but never was",)


def test_an_event_of_a_message_never_sent_is_a_fault() -> None:
    """Events of strangers are not passed over."""
    tally = a_tally(an_event("delivered"), an_event("delivered", message_id="m2"))
    assert faults(tally, DELIVERED) == ("m2: published, but never sent",)


def test_a_second_event_of_a_type_must_supersede_the_first() -> None:
    """An inferred and a reported delivery count as one change only if the later names the earlier."""
    first = an_event("delivered", inferred=True)
    second = an_event("delivered", sequence=2)
    assert faults(a_tally(first, second), DELIVERED) == ("m1: delivered was published by 2 events",)
    superseding = second | {"supersedes": first["event_id"]}
    assert faults(a_tally(first, superseding), DELIVERED) == ()


def test_a_gap_in_the_sequence_is_a_fault() -> None:
    """A message's events are numbered without gaps, also across topics."""
    tally = a_tally(an_event("delivered"), an_event("seen", sequence=3))
    assert faults(tally, SEEN) == ("m1: its events are not numbered 1, 2, 3",)


def test_a_silent_message_must_be_given_up_unless_it_was_asked_only_once() -> None:
    """Without a report until its time is over, a followed message ends as inferred failed."""
    assert faults(a_tally(), PENDING) == ("m1: was not given up",)
    assert faults(a_tally(), PENDING, silent=("m1",)) == ()
    assert faults(a_tally(an_event("failed", inferred=True)), PENDING) == ()


def test_an_event_asked_for_again_must_come_twice() -> None:
    """A republished message is at fault until its second copy came."""
    tally = a_tally(an_event("delivered"))
    assert tally.ask_again("m1")
    assert faults(tally, DELIVERED) == ("m1: delivered was published 1 times instead of 2",)
    tally.read(an_event("delivered"), at=111.0, knew_at=None)
    assert faults(tally, DELIVERED) == ()
    assert tally.counts().republished == 1


def test_nothing_can_be_asked_for_again_before_it_was_published() -> None:
    """Asking for the events of a message that has none yet is refused."""
    assert not a_tally().ask_again("m1")


def test_the_messages_add_up() -> None:
    """Delivered, failed and pending messages are all messages, whatever was published of them in which order."""
    tally = a_tally(
        an_event("seen", sequence=2),
        an_event("delivered"),
        an_event("failed", message_id="m2"),
        an_event("failed", message_id="m3", inferred=True),
        an_event("failed", message_id="m4", inferred=True),
        an_event("delivered", message_id="m4", sequence=2, supersedes="earlier"),
        expected=("m1", "m2", "m3", "m4", "m5"),
    )
    counts = tally.counts()
    assert (counts.messages, counts.delivered, counts.failed, counts.given_up, counts.pending) == (5, 2, 2, 1, 1)
    assert counts.delivered + counts.failed + counts.pending == counts.messages


def test_a_delivery_outweighs_a_failure_in_the_truth() -> None:
    """A message that failed on one channel and was delivered on another has no failed to publish."""
    assert changes_of(replace(DELIVERED, failed_at=100.5)) == {"delivered"}


def test_delays_are_nearest_ranks() -> None:
    """Of a hundred delays the 95th percentile is the 95th, and of one it is that one."""
    assert delays_of([float(number) for number in range(1, 101)]).p95 == 95.0
    assert delays_of([float(number) for number in range(1, 101)]).median == 50.5
    assert delays_of([3.0]).p95 == 3.0
    assert delays_of([]).median is None
