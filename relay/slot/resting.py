"""Which slots of a process have something to decide, and for how long nothing can be decided."""

import asyncio
import time
from collections.abc import Callable, Iterable

from relay.slot.slot import Slot

IDLE_SECONDS = 1.0  # the longest rest, after which every slot is looked at
GATHER_SECONDS = 0.002  # between two turns: answers that come one by one are decided together
POLLS_GATHER_SECONDS = 0.03  # the same where neither a request nor a drained answer waits
LOOK_SECONDS = 0.005  # how often it is seen whether one does by now


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


async def gathered(
    turned_at: float, awaited: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Let a little time pass since the last turn (monotonic), and more of it until the next one is awaited."""
    await asyncio.sleep(turned_at + GATHER_SECONDS - monotonic())
    while monotonic() < turned_at + POLLS_GATHER_SECONDS and not awaited():  # noqa: ASYNC110 - no events: they'd wake it often
        await asyncio.sleep(LOOK_SECONDS)
