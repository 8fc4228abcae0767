"""When to ask again: a pure function of the message's anchor and now, so that nothing about attempts is stored."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import floor, inf
from typing import Protocol
from zlib import crc32

MICROSECOND = 1e-6  # instants are rounded to it, so that a smaller step forward would be none
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
        growth = _growth(self.initial_seconds, self.factor, self.max_seconds)
        for offset, interval in growth[max(0, bisect_right(growth, (elapsed, inf)) - 1) :]:
            at = anchor_at + timedelta(seconds=offset + spread * interval)
            if at > now:
                return at
        last, interval = growth[-1][0], self.initial_seconds if self.factor == 1 else self.max_seconds
        passed = max(1, floor((elapsed + MICROSECOND - last) / interval - spread) + 1)
        return anchor_at + timedelta(seconds=last + (passed + spread) * interval)


@cache
def _growth(initial_seconds: float, factor: float, max_seconds: float) -> tuple[tuple[float, float], ...]:
    """Return (offset from the anchor, interval to spread by) of the growing part; the first instant is not spread."""
    offset = interval = initial_seconds
    growth = [(offset, 0.0)]
    while factor > 1 and interval < max_seconds:
        interval = min(interval * factor, max_seconds)
        offset += interval
        growth.append((offset, interval))
    return tuple(growth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An account's policies: for messages without an outcome, and for delivered ones that may still be seen."""

    pending: Policy
    watch: Policy
    seen_watch_seconds: float
