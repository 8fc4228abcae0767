"""Which slots of a process have something to decide, and for how long nothing can be decided."""

from collections.abc import Iterable

from relay.slot.slot import Slot

IDLE_SECONDS = 1.0  # the longest rest, after which every slot is looked at


def awake(slots: Iterable[Slot], now: float, monotonic: float, *, everybody: bool) -> list[Slot]:
    """Return those that have something to decide; now and then everybody: parts that stay alone give no sign."""
    return [slot for slot in slots if slot.ready and (everybody or rest_of(slot, now, monotonic) <= 0)]


def rest_of(slot: Slot, now: float, monotonic: float) -> float:
    """Return for how many seconds nothing of a slot can be decided unless something comes; `now`: epoch seconds."""
    if slot.answers.ripe:
        return 0.0
    rest = IDLE_SECONDS
    for at in (slot.mailbox.ripe_at(monotonic), slot.drains_at(monotonic)):
        rest = rest if at is None else min(rest, at - monotonic)
    due = slot.timers.first()
    return rest if due is None else min(rest, due - now)
