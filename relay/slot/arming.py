"""When a slot's messages take their next step: arms their timers, and starts what is due."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from relay.clock import Clock
from relay.core.collecting import Wish
from relay.core.items import Forgotten, Unanswered
from relay.core.model import MessageState
from relay.core.schedule import Urgency, next_step, wants_lookup
from relay.slot.keys import account_of
from relay.slot.slot import Entry, Slot

MISSED_SECONDS = 120.0  # how far back a restored slot looks for missed steps; older ones wait for their next
FIRED_AT_ONCE = 500  # timers handled between two turns: new requests must not wait behind a crowd of polls
ARMED_AT_ONCE = 100


async def arm_all(slot: Slot, clock: Clock) -> None:
    """Arm the timers of restored messages while the slot works already, a few at a time."""
    for count, key in enumerate(list(slot.entries)):
        if count % ARMED_AT_ONCE == 0:
            await asyncio.sleep(0)
        arm_restored(slot, key, clock())


def arm(slot: Slot, key: bytes, state: MessageState, now: datetime, unanswered: Unanswered | None = None) -> None:
    """Arm the timer of a message for its next step.

    `unanswered`: what its last lookup ended in. Where that one was sent, it is the first to be tried again: else an
    account whose messages are due rarely would hardly ever be tried. Those that were turned away wait for their step.
    """
    rules = slot.rules_of(account_of(key))
    entry = slot.entries.get(key)
    if rules is None or entry is None:
        return
    step = next_step(state, rules, now)
    at = step.at
    if step.lookup and unanswered is not None and (not_before := unanswered.not_before) is not None:
        at = not_before if unanswered.asked else max(at, not_before)
    due = at.timestamp()
    if entry.due != due:
        entry.due = due
        slot.timers.arm(key, due)


def arm_restored(slot: Slot, key: bytes, now: datetime) -> None:
    """Arm the timer of a restored message, unless a turn did or a lookup will."""
    entry = slot.entries.get(key)
    if entry is None or entry.due or key in slot.asking:
        return
    state = slot.state(key)
    if state is not None:
        # A step that was missed while nobody owned the message, or Kafka was away, is made up for at once.
        slot.count(key, state)
        arm(slot, key, state, now - timedelta(seconds=MISSED_SECONDS))
        if state.once and (collector := slot.collectors.get(account_of(key))) is not None:
            collector.wishes.setdefault(key, Wish(wished_at=now, filter=(state.bulk_id, state.message_id)))
            slot.wake()


def fire(slot: Slot, now: datetime) -> None:
    """Start what is due; entries that were armed anew since are skipped."""
    instant = now.timestamp()
    for key, entry in _due(slot, instant):
        rules = slot.rules_of(account_of(key))
        if rules is None:
            continue
        if entry.pending:  # it is asked about, whatever else its state says
            slot.ask(key, instant, urgency=Urgency.PENDING)
        elif (state := slot.state(key)) is None:
            continue
        elif wants_lookup(state, rules, now):
            slot.ask(key, instant, urgency=Urgency.PENDING if state.once else Urgency.WATCHED)
        else:
            slot.mailbox.answer(key, Forgotten())


def _due(slot: Slot, instant: float) -> Iterator[tuple[bytes, Entry]]:
    room = FIRED_AT_ONCE
    while room > 0 and (popped := slot.timers.pop_due(instant)) is not None:
        due, key = popped
        entry = slot.entries.get(key)
        if entry is None or entry.due != due:
            continue
        entry.due = 0.0  # also where a lookup is on its way: its answer arms anew, perhaps for the same instant
        if key not in slot.asking:
            room -= 1
            yield key, entry
