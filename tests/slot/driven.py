"""A slot in the hands of a test, without Kafka: injected instants, a fake for what asks, commits that succeed."""

from dataclasses import dataclass, field
from datetime import datetime

from relay.core.items import Answered, Item, Requested
from relay.core.model import Event, Request
from relay.core.rules import Rules
from relay.core.schedule import Urgency
from relay.kafka.records import Outgoing
from relay.slot.answers import Answers
from relay.slot.arming import fire
from relay.slot.deciding import apply_turn, decide_turn
from relay.slot.slot import Slot
from relay.slot.turn import Turn
from tests.builders import a_request, after, answered, rules

M1 = b"message/hyber_main/m-1"
PENDING = Answered(report=None)


@dataclass(eq=False)
class FakeTicket:
    """A lookup that the fake was asked for."""

    key: bytes
    urgency: Urgency
    may_hurry: bool = False
    cancelled: bool = False

    def cancel(self) -> None:
        """Note that it was cancelled."""
        self.cancelled = True


@dataclass
class FakeAsks:
    """Notes what it is asked; the test answers. It knows neither pace nor gate."""

    tickets: list[FakeTicket] = field(default_factory=list)

    def ask(self, account: str, asker: Slot, key: bytes, *, due: float, urgency: Urgency) -> FakeTicket | None:  # noqa: ARG002 - the seam's
        """Note a lookup; only hyber_main is configured."""
        if account != "hyber_main":
            return None
        self.tickets.append(FakeTicket(key, urgency))
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
        fire(self.slot, self.now)
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
