"""When Hyber is asked again, and how many questions may be under way."""

from relay.core.policy import GrowingIntervals, Schedule
from relay.providers.hyber.settings import HyberAccount

WATCH_SLOWER = 12  # the watch for `seen` begins with intervals this many times longer than a pending message's
WATCH_CAP = 4  # and they may grow this many times longer


def schedule(account: HyberAccount) -> Schedule:
    """Return the account's schedule for pending messages, and the slow one for delivered ones."""
    polling = account.polling
    first = polling.initial_seconds * WATCH_SLOWER
    return Schedule(
        pending=GrowingIntervals(
            initial_seconds=polling.initial_seconds, factor=polling.factor, max_seconds=polling.max_seconds
        ),
        watch=GrowingIntervals(
            initial_seconds=first, factor=polling.factor, max_seconds=max(first, polling.max_seconds * WATCH_CAP)
        ),
        seen_watch_seconds=polling.seen_watch_seconds,
    )


def concurrency(account: HyberAccount) -> int:
    """Return how many requests may be in flight over all processes."""
    return account.concurrency


def grace_seconds(account: HyberAccount) -> float:
    """Return how long after a message's time to live its end may still be reported."""
    return account.polling.initial_seconds
