"""One turn of one slot: everything that was taken is decided, then committed by the loop, then applied."""

from datetime import datetime

from relay.core.collecting import AccountState, Gap
from relay.core.decide import seen_of
from relay.core.items import Item, Unanswered
from relay.core.schedule import Urgency
from relay.slot.arming import arm
from relay.slot.codec import encode_account, encode_state, event_value
from relay.slot.draining import decide_account_item, decide_chunk, intend
from relay.slot.keys import account_of
from relay.slot.mailbox import Taken
from relay.slot.slot import RulesOf, Slot
from relay.slot.turn import Turn, decide_item


def decide_turn(slot: Slot, taken: Taken, now: datetime, rules_of: RulesOf) -> Turn:
    """Decide what was taken from the slot's mailbox, and from the answers of its drains."""
    turn = Turn(
        slot=slot,
        now=now,
        monotonic=taken.monotonic,
        next_offset=taken.next_offset,
        next_raw=slot.answers.next_offset,
        consumed=(taken.next_offset, slot.answers.next_offset) != (slot.next_offset, slot.next_raw),
        requests=taken.requests,
        letters=taken.letters,
    )
    for key, item in taken.items:
        if isinstance(item, Item):
            decide_item(turn, key, item, rules_of)
        else:
            decide_account_item(turn, key, item, rules_of)
    for chunk in taken.chunks:
        decide_chunk(turn, chunk, rules_of)
    intend(turn)
    turn.writes = _changed(slot, turn)
    return turn


def _changed(slot: Slot, turn: Turn) -> dict[bytes, bytes | None]:
    writes: dict[bytes, bytes | None] = {}
    turn.written = {event.event_id: event_value(event) for event in turn.events}
    for key, state in turn.states.items():
        if key in turn.known and turn.known[key] is state:
            continue  # as nearly always, if a lookup brought no news
        entry = slot.entries.get(key)
        value = encode_state(state, turn.written) if state is not None else None
        if value != (entry.value if entry is not None else None):
            writes[key] = value
    for key, account in turn.accounts.items():
        before = slot.account(account_of(key))
        if account != before:
            writes[key] = encode_account(account) if account != AccountState() else None
            turn.noted.gaps.extend((account_of(key), gap) for gap in account.gaps if _is_news(gap, before))
    return writes


def _is_news(gap: Gap, before: AccountState) -> bool:
    return all(gap.filter != other.filter or gap.last_at > other.last_at for other in before.gaps)


def apply_turn(turn: Turn, now: datetime) -> None:
    """Make a committed turn the slot's memory: states, timers, and the lookups and drains that wait for the commit."""
    slot = turn.slot
    slot.next_offset, slot.next_raw = turn.next_offset, turn.next_raw
    for key, value in turn.writes.items():
        slot.store(key, value)
    _arm(turn, now)
    for key, account in turn.accounts.items():
        if (collector := slot.collectors.get(account_of(key))) is not None:
            collector.applied(account)
    for collector, intent in turn.intents:
        collector.begin(intent, turn.monotonic)


def _arm(turn: Turn, now: datetime) -> None:
    slot = turn.slot
    unanswered: dict[bytes, Unanswered | None] = {}
    for key, item in turn.seen:
        if (entry := slot.entries.get(key)) is not None:
            entry.seen = max(entry.seen, seen_of(item))
        unanswered[key] = item if isinstance(item, Unanswered) else None
    for key, state in turn.states.items():
        if state is None:
            continue
        slot.count(key, state)
        if key in turn.asks and slot.ask(key, now.timestamp(), urgency=Urgency.NEW):
            continue
        if key not in slot.asking:
            arm(slot, key, state, now, unanswered.get(key))
