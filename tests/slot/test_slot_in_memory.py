"""A slot and its turns without Kafka: injected instants, a fake for what asks the providers, commits that succeed."""

import sys
import tracemalloc
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import given

from relay.contracts.status_changed import StatusChanged
from relay.core.merging import merged
from relay.core.model import Answered, Event, EventType, Item, Request, Requested, Unanswered
from relay.core.rules import RETENTION_SECONDS, Rules
from relay.kafka.records import Outgoing
from relay.slot.answers import Answers
from relay.slot.codec import encode_state
from relay.slot.deciding import apply_turn, decide_turn
from relay.slot.keys import state_key
from relay.slot.publishing import event_value
from relay.slot.slot import FIRED_AT_ONCE, GRACE_SECONDS, Slot
from relay.slot.turn import Turn
from tests.builders import LIFE_SECONDS, a_report, a_request, a_sent, a_state, after, answered, rules
from tests.strategies import core_events

M1 = b"message/hyber_main/m-1"
E1 = b"lookup/hyber_main/extra/e-1"
PENDING = Answered(report=None)


@dataclass(eq=False)
class FakeTicket:
    """A lookup that the fake was asked for."""

    key: bytes
    urgent: bool
    may_hurry: bool = False
    cancelled: bool = False

    def cancel(self) -> None:
        """Note that it was cancelled."""
        self.cancelled = True


@dataclass
class FakeAsks:
    """Notes what it is asked; the test answers. It knows neither pace nor gate."""

    tickets: list[FakeTicket] = field(default_factory=list)

    def ask(self, account: str, asker: Slot, key: bytes, *, due: float, urgent: bool) -> FakeTicket | None:  # noqa: ARG002 - the seam's
        """Note a lookup; only hyber_main is configured."""
        if account != "hyber_main":
            return None
        self.tickets.append(FakeTicket(key, urgent))
        return self.tickets[-1]


def no_letter(record: object, code: str, why: str, *, element: object = None) -> Outgoing:
    """Refuse to make a dead letter: there is nothing to refuse here."""
    raise AssertionError(record, code, why, element)


class Driven:
    """A slot with its clock in the test's hand: `second` counts from noon and is the monotonic time, too."""

    def __init__(self) -> None:
        self.second = 0.0
        self.offset = 0
        self.asks = FakeAsks()
        self.events: list[Event] = []
        answers = Answers(lambda _: None, no_letter, lambda: None)
        self.slot = Slot(0, object(), self.rules_of, self.asks, lambda: None, answers=answers)  # type: ignore[arg-type]  # never looked at

    def rules_of(self, account: str) -> Rules | None:
        """Return the rules of the one account."""
        return rules() if account == "hyber_main" else None

    @property
    def now(self) -> datetime:
        """The instant."""
        return after(self.second)

    def receive(self, *requests: Request) -> None:
        """Put requests into the mailbox."""
        for request in requests:
            self.slot.receive(Requested(request=request), self.offset, self.now, self.second)
            self.offset += 1

    def turn(self, limit: int = 500) -> Turn:
        """Run one turn and commit it."""
        self.slot.fire(self.now)
        turn = decide_turn(self.slot, self.slot.mailbox.take(self.second, limit), self.now, self.rules_of)
        apply_turn(turn, self.now)
        self.events.extend(turn.events)
        return turn

    def until(self, second: float, answer: Item | None = PENDING) -> None:
        """Let the timers run until then, giving each lookup the answer."""
        while (due := self.slot.timers.first()) is not None and (due := due - after(0).timestamp()) <= second:
            self.second = max(self.second, due)
            self.turn()
            for key in list(self.slot.asking):
                if answer is not None:
                    self.slot.answer(key, answer)
            self.turn()
        self.second = second


def settled(request: Request | None = None, item: Item | None = None) -> Driven:
    """Return a slot with one message that was asked for and answered."""
    driven = Driven()
    driven.receive(request or a_request())
    driven.slot.answer(M1, item or answered())
    driven.turn()
    return driven


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


def test_a_poll_without_news_writes_nothing() -> None:
    """It costs no transaction, and the next instant is armed."""
    driven = settled(item=PENDING)
    driven.second = 6
    driven.turn()
    driven.slot.answer(M1, PENDING)
    turn = driven.turn()
    assert not turn.writes_something
    assert driven.slot.timers.first() is not None


def test_a_followed_message_is_asked_until_it_expires_and_no_longer() -> None:
    """Silence ends in one inferred failure; then only forgetting remains, after the retention."""
    driven = settled(item=PENDING)
    driven.until(LIFE_SECONDS + 10)
    assert [(event.type, event.inferred) for event in driven.events] == [(EventType.FAILED, True)]
    assert driven.slot.pending == 0
    count = len(driven.asks.tickets)
    driven.until(LIFE_SECONDS + 20 + RETENTION_SECONDS)
    assert len(driven.asks.tickets) == count
    assert not driven.slot.entries


def test_a_sent_message_waits_for_its_first_instant() -> None:
    """MessageSent is decided without a lookup; its timer asks."""
    driven = Driven()
    driven.receive(a_sent())
    assert driven.turn().consumed
    assert not driven.asks.tickets
    assert driven.slot.timers.first() == after(5).timestamp()
    driven.until(5, answered())
    assert [event.type for event in driven.events] == [EventType.DELIVERED]


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
    assert driven.asks.tickets[-1].urgent


def test_a_late_watch_does_not_forget_the_message() -> None:
    """A lookup for `seen` held back beyond the end of its watch must not shorten the memory of what was published."""
    driven = settled(item=answered(channel="viber"))
    driven.second = 3600.0
    driven.turn()
    driven.slot.answer(M1, Unanswered(asked=False, not_before=after(90_000)))
    driven.turn()
    driven.second = 90_001.0
    driven.turn()
    driven.turn()
    assert driven.slot.state(M1) is not None
    driven.receive(a_request(request_id="req-2"))
    driven.slot.answer(M1, answered(channel="viber"))
    driven.turn()
    assert [event.type for event in driven.events] == [EventType.DELIVERED]


def test_a_timer_armed_again_for_the_same_instant_fires() -> None:
    """A clock that was set back gives the instant that already passed once more, while a lookup was on its way."""
    driven = settled(item=PENDING)
    driven.second = 1
    driven.receive(a_request(request_id="req-2"))
    driven.second = 5.5
    driven.turn()  # the timer of second 5 passes while the request's lookup is on its way
    driven.second = 4.0
    driven.slot.answer(M1, PENDING)
    driven.turn()
    assert driven.slot.timers.first() == after(5).timestamp()
    driven.second = 5.0
    driven.turn()
    assert M1 in driven.slot.asking


def test_a_request_at_the_moment_of_forgetting_is_kept() -> None:
    """The message that is sent again as its retention ends is followed, not forgotten."""
    driven = settled(item=PENDING)
    driven.until(LIFE_SECONDS + 1)
    again = driven.second = LIFE_SECONDS + RETENTION_SECONDS + 2
    driven.receive(a_sent(message_id="m-1", anchor_at=after(again), received_at=after(again), expires_at=after(2e6)))
    driven.turn()
    driven.turn()
    assert driven.slot.state(M1) is not None


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


def test_a_message_of_an_account_that_left_stays() -> None:
    """A stored message whose account is configured no more is neither asked about nor lost."""
    driven = Driven()
    driven.slot.store(b"message/gone/m-1", encode_state(a_state()))
    driven.slot.arm(b"message/gone/m-1", a_state(), driven.now)
    driven.until(LIFE_SECONDS)
    assert driven.slot.state(b"message/gone/m-1") == a_state()
    assert not driven.asks.tickets


def a_crowd(count: int) -> Driven:
    """Return a slot with so many restored pending messages, whose stored bytes differ in the id only."""
    driven, ids = Driven(), "9f60ac8f-e721-5027-b838-{:012}"
    moment = after(0.123)
    sent = a_sent(message_id=ids.format(0), anchor_at=moment, received_at=moment, recipient="380961111111")
    state = merged(None, sent)
    first, value = state_key(sent), encode_state(state)
    for number in range(count):
        change = ids.format(0).encode(), ids.format(number).encode()
        key = first.replace(*change)
        driven.slot.store(key, value.replace(*change))
        driven.slot.arm(key, state, driven.now)
    return driven


def test_a_pending_message_costs_at_most_500_bytes() -> None:
    """Measured over 20,000 messages as they are held between two lookups."""
    a_crowd(10)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        driven = a_crowd(20_000)
        each = (tracemalloc.get_traced_memory()[0] - before) / len(driven.slot.entries)
    finally:
        tracemalloc.stop()
    sys.stdout.write(f"{each:.0f} bytes for each pending message\n")
    assert each <= 500


def test_a_crowd_of_due_timers_does_not_delay_a_request() -> None:
    """A turn starts a bounded number of polls, so a request is decided in the first turn after it came."""
    driven = a_crowd(100_000)
    driven.second = 10
    driven.receive(a_request())
    driven.slot.answer(M1, answered())
    turn = driven.turn()
    assert len(turn.events) == 1
    assert len([ticket for ticket in driven.asks.tickets if not ticket.urgent]) == FIRED_AT_ONCE


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


def test_a_missed_step_is_made_up_for_after_a_restore() -> None:
    """A lookup that fell due while nobody owned the message is due at once; an older one waits for its next."""
    first = Driven()
    first.receive(a_request())
    first.slot.answer(M1, Answered(report=None))
    first.turn()
    value = first.slot.entries[M1].value
    due_at = first.slot.timers.first()
    assert due_at is not None
    second = Driven()
    second.slot.store(M1, value)
    second.slot.arm_restored(M1, after(due_at - after(0).timestamp() + 60))
    assert second.slot.timers.first() == due_at


def test_a_dead_letter_is_written_while_an_older_request_still_waits() -> None:
    """A damaged record behind a waiting request is taken once, so its dead letter makes the turn write."""
    driven = Driven()
    driven.receive(a_request())
    driven.slot.refuse(1, Outgoing("letters", 0, None, b"{}", []))
    turn = driven.turn()
    assert (turn.next_offset, len(turn.letters), turn.writes_something) == (0, 1, True)
