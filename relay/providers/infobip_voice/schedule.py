"""When a report of Infobip voice is overdue, so that its message is looked up in the log."""

from relay.core.policy import GrowingIntervals, Schedule
from relay.core.rules import Collecting
from relay.providers.infobip_voice.settings import InfobipVoiceAccount

OVERDUE_SECONDS = 120.0  # after sending: a call rings for less than a minute, and most are over by then
SLOWEST_SECONDS = 21_600.0


def schedule(_account: InfobipVoiceAccount) -> Schedule:
    """Return when pending messages are looked up in the log; nothing follows a delivered call."""
    overdue = GrowingIntervals(initial_seconds=OVERDUE_SECONDS, factor=2, max_seconds=SLOWEST_SECONDS)
    return Schedule(pending=overdue, watch=overdue, seen_watch_seconds=0)


def collecting(account: InfobipVoiceAccount) -> Collecting:
    """Return how the account's reports are collected."""
    return Collecting(
        drain_seconds=account.polling.drain_seconds, limit=account.limit, timeout_seconds=account.timeout_seconds
    )


def grace_seconds(account: InfobipVoiceAccount) -> float:
    """Return how long after a message's time to live its end may still be reported: until the next drain."""
    return account.polling.drain_seconds
