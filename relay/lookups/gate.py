"""Whether an account may be asked now: pauses that a provider ordered, and a breaker for when it doesn't answer.

Instants are seconds of a monotonic clock, passed in.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

FAILURES_TO_OPEN = 5  # in a row: one failed request among many says nothing of the provider
FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 0.5, 60.0
REFUSED_SECONDS = 60.0  # contract.md: after 401 or 403 the account is tried again every 60 s
THROTTLED_SECONDS, LONGEST_THROTTLED_SECONDS = 5.0, 3600.0


class Closed(StrEnum):
    """Why an account is not asked."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"


@dataclass(slots=True)
class Gate:
    """One account's gate. After a closure only one probe passes until it is answered."""

    closed: Closed | None = None
    until: float = 0.0
    failures: int = 0
    back_off: float = FIRST_BACK_OFF_SECONDS
    failures_to_open: int = FAILURES_TO_OPEN

    def passes(self, now: float) -> bool:
        """Tell whether a request may start now, as far as pauses go."""
        return self.closed is None or now >= self.until

    @property
    def disturbed(self) -> bool:
        """Tell whether an answer is news: the gate is closed, or the last request failed."""
        return self.closed is not None or self.failures > 0

    @property
    def probing(self) -> bool:
        """Tell whether only one request at a time may be in flight."""
        return self.closed is not None

    def answered(self, now: float) -> bool:
        """Note that the provider answers; return whether that opened the gate.

        An ordered pause is kept: the answer may belong to a request that was under way when the order came.
        """
        if self.closed in (Closed.THROTTLED, Closed.REFUSED) and now < self.until:
            return False
        was_closed = self.closed is not None
        self.closed, self.failures, self.back_off = None, 0, FIRST_BACK_OFF_SECONDS
        return was_closed

    def failed(self, now: float) -> bool:
        """Note a failure; return whether the gate is closed by it now."""
        self.failures += 1
        if self.closed is None and self.failures < self.failures_to_open:
            return False
        if self.closed is not None and now < self.until:
            return False  # one that was in flight when the gate closed
        spread = 0.5 + random.random() / 2  # noqa: S311 - spreads retries, no secret
        self.closed, self.until = Closed.UNAVAILABLE, now + self.back_off * spread
        self.back_off = min(self.back_off * 2, LONGEST_BACK_OFF_SECONDS)
        return True

    def throttled(self, now: float, retry_after_seconds: float | None) -> None:
        """Pause as the provider asked, or for a while of our own choice."""
        if self.closed is Closed.REFUSED and now < self.until:
            return
        if retry_after_seconds is None:
            retry_after_seconds = max(THROTTLED_SECONDS, self.back_off)
            self.back_off = min(self.back_off * 2, LONGEST_BACK_OFF_SECONDS)
        pause = min(max(retry_after_seconds, 0.0), LONGEST_THROTTLED_SECONDS)
        self.until = max(self.until, now + pause) if self.closed is Closed.THROTTLED else now + pause
        self.closed = Closed.THROTTLED

    def refused(self, now: float) -> bool:
        """Pause after wrong credentials; return whether that is news."""
        news = self.closed is not Closed.REFUSED
        self.closed, self.until = Closed.REFUSED, now + REFUSED_SECONDS
        return news
