"""What one turn of one slot changes: decides the taken items in order, touches nothing until it is committed."""

from dataclasses import dataclass, field
from datetime import datetime

from relay.core.decide import Verdict, decide, keep, seen_of
from relay.core.model import Answered, Event, Item, MessageState, Report, Requested, Seen, Unanswered
from relay.kafka.records import Outgoing
from relay.slot.codec import encode_state
from relay.slot.keys import account_of
from relay.slot.mailbox import Taken
from relay.slot.slot import RulesOf, Slot


@dataclass(slots=True, kw_only=True)
class Noted:
    """What is worth a log line or a count once the turn is committed."""

    unmapped: list[tuple[str, Report]] = field(default_factory=list)
    contradicted: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Turn:
    """The decided turn of one slot: records to write, and what to do in memory once they are committed."""

    slot: Slot
    next_offset: int
    consumed: bool
    requests: list[Requested]
    letters: list[Outgoing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    forwards: list[Requested] = field(default_factory=list)
    states: dict[bytes, MessageState | None] = field(default_factory=dict)
    writes: dict[bytes, bytes | None] = field(default_factory=dict)
    asks: set[bytes] = field(default_factory=set)
    seen: list[tuple[bytes, Item]] = field(default_factory=list)
    noted: Noted = field(default_factory=Noted)

    @property
    def writes_something(self) -> bool:
        """Whether a transaction is needed: a poll without news needs none."""
        return self.consumed or bool(self.writes or self.events or self.forwards or self.letters)


def decide_turn(slot: Slot, taken: Taken, now: datetime, rules_of: RulesOf) -> Turn:
    """Decide what was taken from the slot's mailbox."""
    turn = Turn(
        slot=slot,
        next_offset=taken.next_offset,
        consumed=taken.next_offset != slot.next_offset,
        requests=taken.requests,
        letters=taken.letters,
    )
    for key, item in taken.items:
        rules = rules_of(account_of(key))
        entry = slot.entries.get(key)
        state = turn.states[key] if key in turn.states else slot.state(key)
        if rules is None:
            _note(turn, key, item, keep(state, item))
            continue
        verdict = decide(state, item, now, rules, seen=entry.seen if entry is not None else Seen.NOTHING)
        _note(turn, key, item, verdict)
    turn.writes = _changed(slot, turn.states)
    return turn


def _note(turn: Turn, key: bytes, item: Item, verdict: Verdict) -> None:
    turn.states[key] = verdict.state
    turn.events.extend(verdict.events)
    if verdict.forward is not None:
        turn.forwards.append(verdict.forward)
    if isinstance(item, Requested):
        if verdict.lookup and key not in turn.slot.asking:
            turn.asks.add(key)
    else:
        turn.asks.discard(key)
        turn.seen.append((key, item))
    if verdict.contradicted:
        turn.noted.contradicted.append((account_of(key), key))
    if isinstance(item, Answered) and item.report is not None:
        turn.noted.unmapped.extend([(account_of(key), item.report)] if item.report.unmapped else [])


def _changed(slot: Slot, states: dict[bytes, MessageState | None]) -> dict[bytes, bytes | None]:
    writes: dict[bytes, bytes | None] = {}
    for key, state in states.items():
        entry = slot.entries.get(key)
        value = encode_state(state) if state is not None else None
        if value != (entry.value if entry is not None else None):
            writes[key] = value
    return writes


def apply_turn(turn: Turn, now: datetime) -> None:
    """Make a committed turn the slot's memory: states, timers, and the lookups that wait for the commit."""
    slot = turn.slot
    slot.next_offset = turn.next_offset
    for key, value in turn.writes.items():
        slot.store(key, value)
    not_before: dict[bytes, datetime | None] = {}
    for key, item in turn.seen:
        if (entry := slot.entries.get(key)) is not None:
            entry.seen = max(entry.seen, seen_of(item))
        not_before[key] = item.not_before if isinstance(item, Unanswered) else None
    for key, state in turn.states.items():
        if state is None:
            continue
        if key in turn.asks and slot.ask(key, now.timestamp(), urgent=True):
            continue
        if key not in slot.asking:
            slot.arm(key, state, now, not_before.get(key))
