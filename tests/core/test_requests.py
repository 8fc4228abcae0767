"""What requests change: merging, republishing, and the alias of a message known by extra_id."""

from datetime import timedelta

import pytest

from relay.core.decide import Verdict, decide
from relay.core.items import Answered, Item, Requested, Unanswered
from relay.core.merging import merged
from relay.core.model import EventType, MessageState, Request, RequestKind
from tests.builders import (
    LIFE_SECONDS,
    NOON,
    a_pending_report,
    a_report,
    a_request,
    a_sent,
    a_state,
    after,
    answered,
    requested,
    rules,
)


def followed(state: MessageState | None, *items: Item, second: float = 1) -> Verdict:
    """Return the verdict on the last of the items."""
    verdict = Verdict(state=state)
    for item in items:
        verdict = decide(verdict.state, item, after(second), rules())
    return verdict


def delivered() -> MessageState:
    """Return the state of a delivered message."""
    state = followed(None, requested(), answered()).state
    assert state is not None
    return state


@pytest.mark.parametrize(
    "request_", [a_request(), a_sent(), a_request(follow=False), a_request(republish=True), a_sent(channels=("sms",))]
)
def test_repeating_a_request_changes_nothing(request_: Request) -> None:
    """Input is at least once: the second copy of a record leaves the state as it is."""
    once = followed(None, Requested(request=request_)).state
    again = followed(once, Requested(request=request_))
    assert (again.state, again.events) == (once, ())


def test_the_latest_expiry_holds() -> None:
    """A request that ends earlier shortens nothing."""
    late, early = a_request(expires_at=after(900)), a_request(expires_at=after(60), request_id="req-2")
    for first, second in ((late, early), (early, late)):
        assert merged(merged(None, first), second).expires_at == after(900)


def test_the_newest_request_names_the_ids() -> None:
    """An older request that arrives later doesn't take the events over."""
    newer = a_request(request_id="req-2", received_at=after(5), correlation_id="c-2")
    for first, second in ((a_request(), newer), (newer, a_request())):
        state = merged(merged(None, first), second)
        assert (state.request_id, state.correlation_id) == ("req-2", "c-2")


def test_a_sent_message_adds_to_a_request_and_keeps_its_id() -> None:
    """What MessageSent tells of the message joins what the FetchRequest asked."""
    sent = a_sent(channels=("viber", "sms"), recipient="380961111111", anchor_at=after(-9), received_at=after(3))
    state = merged(merged(None, a_request(follow=False)), sent)
    assert (state.request_id, state.channels, state.follow) == ("req-1", ("viber", "sms"), True)
    assert state.anchor_at == after(-9)


def test_a_request_for_a_settled_message_is_asked_once_more() -> None:
    """A fetch request always leads to a lookup, and what it brings is published only where it is new."""
    verdict = followed(delivered(), requested(request_id="req-2"))
    assert verdict.lookup
    assert verdict.state is not None
    assert verdict.state.once
    assert followed(verdict.state, answered()).events == ()


def test_republish_gives_the_same_events_once_for_each_request() -> None:
    """Same ids, same sequence; the repeated record publishes nothing."""
    state = delivered()
    verdict = followed(state, requested(republish=True, request_id="req-2"))
    assert verdict.events == state.published
    assert followed(verdict.state, requested(republish=True, request_id="req-2")).events == ()
    assert followed(verdict.state, requested(republish=True, request_id="req-3")).events == state.published


def by_extra_id(**changes: object) -> Requested:
    """Return a request by extra_id."""
    return requested(**{"message_id": None, "extra_id": "e-1", **changes})


def named(**changes: object) -> Answered:
    """Return the answer that tells the message_id."""
    return answered(**{"message_id": "m-1", "extra_id": "e-1", **changes})


def test_an_extra_id_that_turns_out_to_be_a_message_is_forwarded() -> None:
    """Report and request facts go to the message's slot; the alias stays and publishes nothing itself."""
    verdict = followed(None, by_extra_id(correlation_id="c-1"), named())
    assert verdict.events == ()
    assert verdict.state is not None
    assert verdict.state.became == "m-1"
    assert verdict.forward is not None
    ahead = decide(None, verdict.forward, after(2), rules())
    assert [(event.type, event.message_id, event.extra_id) for event in ahead.events] == [
        (EventType.DELIVERED, "m-1", "e-1")
    ]
    assert (ahead.events[0].request_id, ahead.events[0].correlation_id) == ("req-1", "c-1")
    assert ahead.state is not None
    assert ahead.state.follow


def test_a_later_request_goes_through_the_alias() -> None:
    """It is forwarded to the message and asked there, not here."""
    alias = followed(None, by_extra_id(), named()).state
    verdict = followed(alias, by_extra_id(request_id="req-2"))
    assert (verdict.state, verdict.lookup) == (alias, False)
    assert verdict.forward is not None
    assert (verdict.forward.request.message_id, verdict.forward.request.request_id) == ("m-1", "req-2")


def test_what_was_published_under_the_extra_id_is_carried_over() -> None:
    """The inferred failure of the extra_id is superseded by the message's delivery, which follows in sequence."""
    silent = decide(a_state(message_id=None, extra_id="e-1"), Unanswered(asked=True), after(LIFE_SECONDS + 1), rules())
    (inferred,) = silent.events
    assert (inferred.message_id, inferred.subject) == (None, "e-1")
    verdict = followed(silent.state, by_extra_id(request_id="req-2"), named(), second=LIFE_SECONDS + 2)
    assert verdict.forward is not None
    (event,) = decide(None, verdict.forward, after(LIFE_SECONDS + 3), rules()).events
    assert (event.sequence, event.supersedes, event.message_id) == (2, inferred.event_id, "m-1")


def test_a_forwarded_record_twice_publishes_once() -> None:
    """A repeated hand-over is silent."""
    forward = followed(None, by_extra_id(), named()).forward
    assert forward is not None
    state = decide(None, forward, after(2), rules()).state
    assert decide(state, forward, after(3), rules()).events == ()


@pytest.mark.parametrize("item", [named(), Answered(report=None, found=False), Unanswered(asked=True)])
def test_an_answer_for_an_alias_changes_nothing(item: Item) -> None:
    """A second lookup by extra_id that was under way neither ends the alias nor empties the message's request ids."""
    alias = followed(None, by_extra_id(), named()).state
    verdict = followed(alias, item)
    assert (verdict.state, verdict.forward, verdict.events) == (alias, None, ())


def test_republish_by_extra_id_reaches_the_message() -> None:
    """What the message's slot published is published again although the request knew only the extra_id."""
    forward = followed(None, by_extra_id(republish=True, request_id="req-2"), named()).forward
    assert forward is not None
    state = delivered()
    verdict = decide(state, forward, after(2), rules())
    assert verdict.events == state.published
    assert decide(verdict.state, forward, after(3), rules()).events == ()


def test_a_sent_message_by_extra_id_keeps_the_request_of_the_message() -> None:
    """MessageSent has no request_id, so the hand-over must not empty the one that a FetchRequest gave."""
    sent = Requested(request=a_sent(message_id=None, extra_id="e-1", received_at=NOON + timedelta(seconds=1)))
    forward = followed(None, sent, named(outcome=a_pending_report().outcome)).forward
    assert forward is not None
    assert forward.request.kind is RequestKind.SENT
    state = decide(merged(None, a_request()), forward, after(2), rules()).state
    assert state is not None
    assert state.request_id == "req-1"


def test_nothing_is_kept_of_a_message_that_nobody_follows() -> None:
    """`follow: false` and pending: one answer, no event, no state."""
    verdict = followed(None, requested(follow=False), Answered(report=a_report(outcome=a_pending_report().outcome)))
    assert (verdict.state, verdict.events) == (None, ())
