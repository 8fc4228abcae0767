"""What one turn of one slot changes, item by item; touches nothing of the slot but what it wants to be asked."""

from dataclasses import dataclass, field
from datetime import datetime

from relay.core.collecting import AccountState, Gap, Intent, Wish
from relay.core.decide import Verdict, decide, keep
from relay.core.items import Answered, Collected, Item, Requested, Seen
from relay.core.merging import awaits_outcome
from relay.core.model import Event, MessageState, Report, Request, RequestKind
from relay.core.rules import Rules
from relay.kafka.records import Outgoing
from relay.slot.collector import Collector
from relay.slot.keys import account_of
from relay.slot.slot import RulesOf, Slot
from relay.slot.understanding import Answer

_WITH_REPORTS = (Answered, Collected)


@dataclass(slots=True, kw_only=True)
class Noted:
    """What is worth a log line or a count once the turn is committed."""

    unmapped: list[tuple[str, Report]] = field(default_factory=list)
    contradicted: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    gaps: list[tuple[str, Gap]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Turn:
    """The decided turn of one slot: records to write, and what to do in memory once they are committed."""

    slot: Slot
    now: datetime
    monotonic: float
    next_offset: int
    next_raw: int
    consumed: bool
    requests: list[Requested]
    letters: list[Outgoing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)  # by event_id, the values that topic and state share
    forwards: list[Requested] = field(default_factory=list)
    states: dict[bytes, MessageState | None] = field(default_factory=dict)
    known: dict[bytes, MessageState | None] = field(default_factory=dict)  # of those, as they were before
    accounts: dict[bytes, AccountState] = field(default_factory=dict)
    writes: dict[bytes, bytes | None] = field(default_factory=dict)
    asks: set[bytes] = field(default_factory=set)
    intents: list[tuple[Collector, Intent]] = field(default_factory=list)
    seen: list[tuple[bytes, Item]] = field(default_factory=list)
    noted: Noted = field(default_factory=Noted)
    traces: dict[str, str] = field(default_factory=dict)  # for tracing, which says what they are
    drains: dict[str, str] = field(default_factory=dict)
    traceparents: list[str] = field(default_factory=list)

    @property
    def writes_something(self) -> bool:
        """Whether a transaction is needed: a poll without news needs none."""
        return self.consumed or bool(self.writes or self.events or self.forwards or self.letters)

    def state(self, key: bytes) -> MessageState | None:
        """Return what is known of a message as of what was decided in this turn."""
        if key in self.states:
            return self.states[key]
        self.known[key] = self.slot.state(key)
        return self.known[key]


def decide_item(turn: Turn, key: bytes, item: Item, rules_of: RulesOf) -> None:
    """Decide one item of one message."""
    rules = rules_of(account_of(key))
    if rules is None:
        note(turn, key, item, keep(turn.state(key), item))
        return
    entry = turn.slot.entries.get(key)
    seen = entry.seen if entry is not None else Seen.NOTHING
    verdict = decide(turn.state(key), item, turn.now, rules, seen=seen)
    note(turn, key, item, verdict)
    if isinstance(item, Requested) and verdict.lookup:
        ask(turn, key, item.request, rules)


def note(turn: Turn, key: bytes, item: Item, verdict: Verdict) -> None:
    """Take a verdict into the turn."""
    turn.states[key] = verdict.state
    turn.events.extend(verdict.events)
    if verdict.events and verdict.state is not None and verdict.state.trace is not None:
        turn.traces.update({event.event_id: verdict.state.trace for event in verdict.events})
    if verdict.forward is not None:
        turn.forwards.append(verdict.forward)
    if not isinstance(item, Requested):
        turn.asks.discard(key)
        turn.seen.append((key, item))
    if verdict.contradicted:
        turn.noted.contradicted.append((account_of(key), key))
    if isinstance(item, _WITH_REPORTS) and item.report is not None and item.report.unmapped:
        turn.noted.unmapped.append((account_of(key), item.report))


def ask(turn: Turn, key: bytes, request: Request, rules: Rules) -> None:
    """Ask as a request wants it: by a lookup, or where reports are collected by a drain, or in the log."""
    if rules.collecting is None:
        if key not in turn.slot.asking:
            turn.asks.add(key)
        return
    collector = turn.slot.collectors.get(request.account)
    if request.kind is RequestKind.FETCH and collector is not None:
        wanted = (request.bulk_id, request.message_id)
        collector.wish(key, Wish(wished_at=turn.now, filter=wanted, limit=request.limit))
        return
    state = turn.states[key]
    if state is not None and awaits_outcome(state) and key not in turn.slot.asking:
        turn.asks.add(key)  # sent so long ago that its report is overdue
