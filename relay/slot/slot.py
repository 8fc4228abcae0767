"""One partition's owner: its messages, its mailbox and its timers. Takes records and answers, never does I/O."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from relay.core.decide import first_question
from relay.core.merging import awaits_outcome
from relay.core.model import Forgotten, Item, Lookup, MessageState, Requested, Seen
from relay.core.rules import Rules
from relay.core.schedule import next_step, wants_lookup
from relay.slot.codec import decode_state
from relay.slot.fencing import Member
from relay.slot.keys import account_of, state_key

GRACE_SECONDS = 0.25  # how long a request may wait for its first answer, so that one transaction carries both
FIRED_AT_ONCE = 500  # timers handled between two turns: new requests must not wait behind a crowd of polls

RulesOf = Callable[[str], Rules | None]


class Cancellable(Protocol):
    """A lookup on its way; `may_hurry` while it waits behind new requests."""

    @property
    def may_hurry(self) -> bool:
        """Tell whether it would start earlier if it were asked for as urgent."""
        ...

    def cancel(self) -> None:
        """Forget it."""
        ...


class Asks(Protocol):
    """Where a slot puts its questions."""

    def ask(self, account: str, asker: "Slot", key: bytes, *, due: float, urgent: bool) -> Cancellable | None:
        """Queue a lookup; None if its account isn't configured."""
        ...


@dataclass(slots=True)
class Entry:
    """A message as a slot holds it: its stored state, when it is due, and what this owner saw of it."""

    value: bytes | None
    due: float = 0.0
    pending: bool = False
    seen: Seen = Seen.NOTHING


@dataclass(slots=True)
class Held:
    """An inbox record that was not decided yet; it may wait a little for the answer to its lookup.

    Without an item it is a record that can't be read, kept in its place so that its offset is passed in order.
    """

    key: bytes
    item: Requested | None
    offset: int
    until: float
    waits: bool = False
    answer: Item | None = None


@dataclass(slots=True, kw_only=True)
class Taken:
    """What a turn takes out of a mailbox: items in order, and the offset up to which everything is decided then."""

    next_offset: int
    items: list[tuple[bytes, Item]] = field(default_factory=list)
    requests: list[Requested] = field(default_factory=list)

    def take(self, held: Held) -> None:
        """Add a request, and the answer that came for it."""
        held.waits = False
        if held.item is None:
            return
        self.items.append((held.key, held.item))
        self.requests.append(held.item)
        if held.answer is not None:
            self.items.append((held.key, held.answer))


class Slot:
    """The single owner of a partition's messages between two rebalances."""

    def __init__(self, partition: int, member: Member, rules_of: RulesOf, asks: Asks, wake: Callable[[], None]) -> None:
        self.partition = partition
        self.member = member
        self.ready = False
        self.pending = 0  # messages that wait for their outcome
        self.next_fetched = 0
        self.next_offset = 0  # after the last decided record: what every transaction commits
        self.entries: dict[bytes, Entry] = {}
        self.mailbox: deque[Held] = deque()
        self.answers: deque[tuple[bytes, Item]] = deque()
        self.asking: dict[bytes, Cancellable] = {}
        self._waiting: dict[bytes, list[Held]] = {}
        self._ripe = False  # a held request can be decided now
        self._timers: list[tuple[float, bytes]] = []
        self._rules_of = rules_of
        self._asks = asks
        self._wake = wake
        self._questions: dict[bytes, Lookup] = {}  # of requests that are not decided yet, and so have no stored state

    # Filling the mailbox

    def receive(self, item: Requested, offset: int, now: datetime, monotonic: float) -> None:
        """Put a record into the mailbox; a lookup that it needs and that can be repeated starts at once."""
        key = state_key(item.request)
        held = Held(key=key, item=item, offset=offset, until=monotonic + GRACE_SECONDS)
        rules = self._rules_of(item.request.account)
        if rules is not None:
            question = None if item.report else first_question(self.state(key), item.request, now, rules)
            if question is not None:
                self._questions[key] = question
                held.waits = self.ask(key, now.timestamp(), urgent=True)
        self.mailbox.append(held)
        self.next_fetched = offset + 1
        if held.waits:
            self._waiting.setdefault(key, []).append(held)
        else:
            self._ripe = True

    def answer(self, key: bytes, item: Item) -> None:
        """Take the answer to a lookup: to the newest waiting request of the message, else by itself."""
        self.asking.pop(key, None)
        self._questions.pop(key, None)
        self._wake()
        waiting = [held for held in self._waiting.pop(key, ()) if held.waits]
        for held in waiting:
            held.waits = False
            self._ripe = True
        if waiting:
            waiting[-1].answer = item
        else:
            self.answers.append((key, item))

    def ask(self, key: bytes, due: float, *, urgent: bool) -> bool:
        """Ask about the message unless a lookup is on its way; False if its account is unknown."""
        waiting = self.asking.get(key)
        if waiting is not None and urgent and waiting.may_hurry:
            waiting.cancel()
            waiting = None
        if waiting is None:
            ticket = self._asks.ask(account_of(key), self, key, due=due, urgent=urgent)
            if ticket is None:
                return False
            self.asking[key] = ticket
        return True

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question about the message as it stands now."""
        if (question := self._questions.get(key)) is not None:
            return question
        state = self.state(key)
        return _question(key, state) if state is not None else None

    # Emptying it

    def take(self, monotonic: float, limit: int) -> Taken:
        """Take every request that need not wait (any more) for its answer, and all answers.

        Requests are idempotent, so one may be decided while an older one still waits; the offset that may be committed
        stays at the first that is not decided, and what was decided beyond it is read again after a crash.
        """
        taken, kept = Taken(next_offset=self.next_offset), deque[Held]()
        room = limit - min(len(self.answers), limit // 2)  # a crowd of requests must not keep answers waiting
        self._ripe = False
        for held in self.mailbox:
            if len(taken.items) >= room or (held.waits and monotonic < held.until):
                self._ripe = self._ripe or not held.waits
                kept.append(held)
            else:
                taken.take(held)
        taken.next_offset = kept[0].offset if kept else self.next_fetched
        self.mailbox = kept
        while self.answers and len(taken.items) < limit:
            taken.items.append(self.answers.popleft())
        return taken

    def ripe_at(self, monotonic: float) -> float | None:
        """Return the monotonic instant at which a request can be decided; None without a request."""
        if not self.mailbox:
            return None
        return monotonic if self._ripe else self.mailbox[0].until

    def skip(self, offset: int) -> None:
        """Pass over a record that can't be read, in its order."""
        self.mailbox.append(Held(key=b"", item=None, offset=offset, until=0.0))
        self.next_fetched = offset + 1
        self._ripe = True

    # State and timers

    def state(self, key: bytes) -> MessageState | None:
        """Return what is known of the message."""
        entry = self.entries.get(key)
        return decode_state(entry.value) if entry is not None and entry.value is not None else None

    def store(self, key: bytes, value: bytes | None) -> Entry:
        """Hold a message's stored value; without one the message is gone."""
        entry = self.entries.get(key)
        if entry is None:
            entry = Entry(value)
            if value is not None:
                self.entries[key] = entry
        elif value is None:
            self.pending -= entry.pending
            del self.entries[key]
        entry.value = value
        return entry

    def arm(self, key: bytes, state: MessageState, now: datetime, not_before: datetime | None = None) -> None:
        """Arm the timer of a message for its next step."""
        rules = self._rules_of(account_of(key))
        entry = self.entries.get(key)
        if rules is None or entry is None:
            return
        waits = awaits_outcome(state)
        self.pending += waits - entry.pending
        entry.pending = waits
        at = next_step(state, rules, now).at
        due = max(at, not_before).timestamp() if not_before else at.timestamp()
        if entry.due != due:
            entry.due = due
            heapq.heappush(self._timers, (due, key))

    def fire(self, now: datetime) -> None:
        """Start what is due; entries that were armed anew since are skipped."""
        instant = now.timestamp()
        for key in self._due(instant):
            state, rules = self.state(key), self._rules_of(account_of(key))
            if state is None or rules is None:
                continue
            if wants_lookup(state, rules, now):
                self.ask(key, instant, urgent=False)
            else:
                self.answers.append((key, Forgotten()))

    def _due(self, instant: float) -> Iterator[bytes]:
        timers, room = self._timers, FIRED_AT_ONCE
        while timers and timers[0][0] <= instant and room > 0:
            due, key = heapq.heappop(timers)
            entry = self.entries.get(key)
            if entry is None or entry.due != due:
                continue
            entry.due = 0.0  # also where a lookup is on its way: its answer arms anew, perhaps for the same instant
            if key not in self.asking:
                room -= 1
                yield key

    def clear(self) -> None:
        """Forget everything, before it is read again."""
        self.entries.clear()
        self._timers.clear()
        self.pending = 0

    def due_at(self) -> float | None:
        """Return when the next timer fires, in epoch seconds."""
        return self._timers[0][0] if self._timers else None

    def overdue(self, instant: float) -> int:
        """Return how many timers are due and not started, at most 10,000 (the rest is not worth counting)."""
        if not self._timers or self._timers[0][0] > instant:
            return 0
        return sum(due <= instant for due, _ in self._timers[:10_000])

    def close(self) -> None:
        """Give up: lookups are cancelled, what arrives later is dropped."""
        self.ready = False
        for ticket in list(self.asking.values()):
            ticket.cancel()
        self.asking.clear()
        self._waiting.clear()
        self._questions.clear()
        self.mailbox.clear()
        self.answers.clear()


def _question(key: bytes, state: MessageState) -> Lookup:
    return Lookup(
        account=account_of(key),
        message_id=state.message_id,
        extra_id=state.extra_id,
        detail=state.detail,
        anchor_at=state.anchor_at,
    )
