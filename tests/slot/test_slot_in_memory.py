"""A slot and its turns without Kafka: requests, their first answers, what is committed together and what it costs."""

from hypothesis import given

from relay.contracts.status_changed import StatusChanged
from relay.core.items import Answered, Unanswered
from relay.core.model import Event, EventType
from relay.core.schedule import Urgency
from relay.kafka.records import Outgoing
from relay.slot.codec import event_value
from relay.slot.slot import GRACE_SECONDS
from tests.builders import LIFE_SECONDS, a_report, a_request, a_sent, after, answered
from tests.slot.driven import M1, PENDING, Driven, settled
from tests.strategies import core_events

E1 = b"lookup/hyber_main/extra/e-1"


def test_an_answer_within_the_grace_is_decided_with_its_request() -> None:
    """One turn carries request, state, event and offset."""
    driven = Driven()
    driven.receive(a_request())
    assert not driven.turn().consumed
    driven.slot.answer(M1, answered())
    turn = driven.turn()
    assert (turn.next_offset, [event.type for event in turn.events]) == (1, [EventType.DELIVERED])


def test_after_the_grace_the_request_goes_first() -> None:
    """Its answer comes later, to the stored state, and the lookup isn't asked for twice."""
    driven = Driven()
    driven.receive(a_request())
    driven.second = GRACE_SECONDS
    assert driven.turn().next_offset == 1
    driven.slot.answer(M1, answered())
    assert [event.type for event in driven.turn().events] == [EventType.DELIVERED]
    assert len(driven.asks.tickets) == 1


def test_offsets_stay_at_the_first_request_that_is_not_decided() -> None:
    """A later request that is answered is decided, but read again after a crash until the earlier one is."""
    driven = Driven()
    driven.receive(a_request(), a_request(message_id="m-2"))
    driven.slot.refuse(2, Outgoing("letters", 0, None, b"{}", []))
    driven.slot.answer(b"message/hyber_main/m-2", answered())
    turn = driven.turn()
    assert (turn.next_offset, len(turn.events), len(turn.requests)) == (0, 1, 1)
    driven.second = GRACE_SECONDS
    turn = driven.turn()
    assert (turn.next_offset, len(turn.events), len(turn.requests)) == (3, 0, 1)


def test_a_request_read_again_after_a_crash_is_silent() -> None:
    """What was decided beyond the committed offset is decided once more by the next owner, over the stored state."""
    first, second = Driven(), Driven()
    requests = [a_request(), a_request(message_id="m-2", follow=False, republish=True)]
    first.receive(*requests)
    first.slot.answer(b"message/hyber_main/m-2", answered())
    assert (first.turn().next_offset, len(first.events)) == (0, 1)
    for key, entry in first.slot.entries.items():
        second.slot.store(key, entry.value)
    second.receive(*requests)
    for key in list(second.slot.asking):
        second.slot.answer(key, answered())
    second.turn()
    assert [event.message_id for event in second.events] == ["m-1"]


def test_the_newest_of_two_waiting_requests_gets_the_answer() -> None:
    """Both are decided in one turn, the event carries the newest ids, one lookup serves both."""
    driven = Driven()
    driven.receive(a_request(), a_request(request_id="req-2", received_at=after(1)))
    driven.slot.answer(M1, answered())
    turn = driven.turn()
    assert [(event.request_id, event.sequence) for event in turn.events] == [("req-2", 1)]
    assert len(driven.asks.tickets) == 1
    assert not driven.slot.asking


def test_the_same_request_twice_in_one_turn_publishes_once() -> None:
    """A record that ingest wrote twice is one request."""
    driven = Driven()
    driven.receive(a_request(), a_request(), a_request())
    driven.slot.answer(M1, answered())
    assert len(driven.turn().events) == 1


def test_a_limit_between_a_request_and_its_answer_loses_neither() -> None:
    """Cut anywhere, the requests of one message end in one event and an armed timer."""
    driven = Driven()
    driven.receive(a_request(), a_request(request_id="req-2"), a_request(request_id="req-3"))
    driven.slot.answer(M1, answered(channel="viber"))
    while driven.slot.mailbox:
        driven.turn(limit=1)
    for key in list(driven.slot.asking):
        driven.slot.answer(key, answered(channel="viber"))
    driven.turn()
    assert [event.type for event in driven.events] == [EventType.DELIVERED]
    assert not driven.slot.asking
    assert driven.slot.timers.first() is not None


def test_a_new_request_takes_a_poll_out_of_its_queue() -> None:
    """A poll that waits behind new requests is cancelled, and the urgent lookup answers for both."""
    driven = settled(item=PENDING)
    driven.second = 6
    driven.turn()
    poll = driven.asks.tickets[-1]
    poll.may_hurry = True
    driven.receive(a_request(request_id="req-2"))
    assert poll.cancelled
    assert driven.slot.asking[M1] is driven.asks.tickets[-1]
    assert driven.asks.tickets[-1].urgency is Urgency.NEW


def test_a_refused_lookup_does_not_count_as_asked() -> None:
    """With wrong credentials until after its end, and a time-out then, the message is not declared failed unasked."""
    driven = Driven()
    driven.receive(a_request())
    driven.slot.answer(M1, Unanswered(asked=True, held=True, not_before=after(LIFE_SECONDS + 60)))
    driven.turn()
    driven.second = LIFE_SECONDS + 61
    driven.turn()
    driven.slot.answer(M1, Unanswered(asked=False, not_before=after(LIFE_SECONDS + 70)))
    driven.turn()
    assert driven.events == []
    driven.until(LIFE_SECONDS + 100, answered())
    assert [event.type for event in driven.events] == [EventType.DELIVERED]


def test_two_answers_for_one_extra_id_keep_the_alias() -> None:
    """The second lookup of an extra_id was under way when the first one told the message_id."""
    driven = Driven()
    driven.receive(a_request(message_id=None, extra_id="e-1"))
    driven.slot.answer(E1, answered(message_id="m-1"))
    driven.receive(a_request(message_id=None, extra_id="e-1", request_id="req-2", received_at=after(1)))
    driven.second = GRACE_SECONDS
    turn = driven.turn()
    assert [(forward.request.message_id, forward.request.request_id) for forward in turn.forwards] == [
        ("m-1", "req-1"),
        ("m-1", "req-2"),
    ]
    driven.slot.answer(E1, Unanswered(asked=True))
    assert not driven.turn().writes_something
    state = driven.slot.state(E1)
    assert state is not None
    assert state.became == "m-1"


def test_answers_are_not_starved_by_a_crowd_of_requests() -> None:
    """With a mailbox that never empties, half of a turn belongs to the answers."""
    driven = settled(item=PENDING)
    driven.second = 6
    driven.turn()
    driven.receive(*(a_sent(message_id=f"m-{number}", anchor_at=after(60)) for number in range(100, 200)))
    driven.slot.answer(M1, answered())
    assert [event.type for event in driven.turn(limit=10).events] == [EventType.DELIVERED]


def test_a_slot_given_up_forgets_its_lookups() -> None:
    """Its lookups are cancelled and nothing waits any more."""
    driven = Driven()
    driven.receive(a_request())
    driven.slot.close()
    assert driven.asks.tickets[0].cancelled
    assert not driven.slot.asking
    assert not driven.slot.mailbox


@given(core_events)
def test_the_bytes_of_an_event_are_those_of_its_contract(event: Event) -> None:
    """The fast way to write an event and the contract's model agree to the byte."""
    value = event_value(event)
    assert StatusChanged.model_validate_json(value).to_bytes() == value


def test_a_decided_event_is_in_its_contract() -> None:
    """What the core builds of a report passes the contract."""
    driven = settled(item=Answered(report=a_report(recipient="380961111111", provider_status={"status": 2})))
    (event,) = driven.events
    assert StatusChanged.model_validate_json(event_value(event)).recipient == "3809******11"


def test_a_decided_request_is_let_go_before_its_answer_comes() -> None:
    """A request that was decided when its grace ended costs no memory while its lookup waits in a long queue."""
    driven = Driven()
    driven.receive(a_request(), a_request(request_id="again"))
    driven.second = GRACE_SECONDS
    assert len(driven.turn().requests) == 2
    assert not driven.slot.mailbox._waiting
    driven.slot.answer(M1, answered())
    assert [event.type for event in driven.turn().events] == [EventType.DELIVERED]


def test_a_dead_letter_is_written_while_an_older_request_still_waits() -> None:
    """A damaged record behind a waiting request is taken once, so its dead letter makes the turn write."""
    driven = Driven()
    driven.receive(a_request())
    driven.slot.refuse(1, Outgoing("letters", 0, None, b"{}", []))
    turn = driven.turn()
    assert (turn.next_offset, len(turn.letters), turn.writes_something) == (0, 1, True)


def test_a_closed_slot_holds_nothing() -> None:
    """Its states are read anew by the next owner, which may be this process: held twice they would take twice."""
    driven = settled()
    assert driven.slot.entries
    driven.slot.close()
    assert not driven.slot.entries
    assert driven.slot.timers.first() is None
    assert driven.slot.pending == 0
