"""When to ask again: a pure function of the message's anchor and now, so that nothing about attempts is stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zlib import crc32

JITTER = 0.2  # width of the spread, as a part of the interval


class Policy(Protocol):
    """Answers "when next?" for one message."""

    def next_at(self, anchor_at: datetime, now: datetime, message: str) -> datetime:
        """Return the first instant after `now` at which the message is to be looked up."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingIntervals:
    """Intervals that grow from `initial_seconds` by `factor` up to `max_seconds`, counted from the anchor.

    The first instant is exact, the others are spread by the message's id.
    """

    initial_seconds: float
    factor: float
    max_seconds: float

    def next_at(self, anchor_at: datetime, now: datetime, message: str) -> datetime:
        """Return the first instant of the message's schedule after `now`."""
        elapsed = (now - anchor_at).total_seconds()
        spread = JITTER * (crc32(message.encode("utf-8", "surrogatepass")) / 2**32 - 0.5)
        offset = interval = self.initial_seconds
        if offset > elapsed:
            return anchor_at + timedelta(seconds=offset)
        while offset + spread * interval <= elapsed:
            if interval >= self.max_seconds or self.factor == 1:  # constant: jump instead of walking days of intervals
                offset += interval * max(1, int((elapsed - offset) // interval))
            else:
                interval = min(interval * self.factor, self.max_seconds)
                offset += interval
        return anchor_at + timedelta(seconds=offset + spread * interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An account's policies: for messages without an outcome, and for delivered ones that may still be seen."""

    pending: Policy
    watch: Policy
    seen_watch_seconds: float
