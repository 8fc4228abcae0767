"""Keeps the gauges of what waits up to date, and tells the watchdog what takes long."""

import asyncio
import time
from collections.abc import Callable

from relay.lookups.accounts import Accounts
from relay.observe.metrics import Metrics
from relay.slot.loop import Loop
from relay.watchdog import Watched

GAUGE_SECONDS = 1.0
TURN_SECONDS, RESTORE_SECONDS = 60.0, 600.0  # what may take long, but not for ever


async def measure(
    loop: Loop, accounts: Accounts, metrics: Metrics, watched: Watched, is_ready: Callable[[], bool]
) -> None:
    """Keep the gauges of what waits up to date."""
    while True:
        now = time.time()
        slots = list(loop.ownership.slots.values())
        oldest = [due for slot in slots if (due := slot.timers.first()) is not None]
        if (queued := accounts.oldest_due) is not None:
            oldest.append(queued)
        metrics.messages_pending.set(sum(slot.pending for slot in slots))
        metrics.messages_remembered.set(sum(len(slot.entries) for slot in slots))
        metrics.due_backlog.set(accounts.waiting + sum(slot.timers.overdue(now) for slot in slots))
        metrics.oldest_overdue_seconds.set(max(0.0, now - min(oldest, default=now)))
        waits = loop.awaits_kafka or watched.kafka_lost
        watched.note("a turn", None if waits else loop.turning_since, TURN_SECONDS)
        watched.note("restoring", None if waits else loop.ownership.acquiring_since, RESTORE_SECONDS)
        metrics.ready.set(is_ready())
        metrics.slots_ready.set(sum(slot.ready for slot in slots))
        accounts.show_pauses(time.monotonic())
        for name, count in accounts.in_flight().items():
            metrics.lookups_in_flight.labels(name).set(count)
        await asyncio.sleep(GAUGE_SECONDS)
