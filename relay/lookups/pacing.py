"""At most so many requests a second and in flight, for the share of an account that this process owns."""

import math

from aiolimiter import AsyncLimiter

NEWCOMER_SECONDS = 1.0  # until most requests have ended of those who had the newcomer's part
BURST_SECONDS = 0.02  # what may be caught up after a late wake-up; taken off the rate, so that no second exceeds it
PACKS_OF_A_BURST = 16  # turns are taken from the bucket by packs: at thousands a second it would cost more than asking


class Pace:
    """The rate and the concurrency that an account's lookups may use in this process.

    `timeout_seconds`: how long a provider may have a request.
    """

    def __init__(self, *, rate_per_second: float, concurrency: int, timeout_seconds: float) -> None:
        self._rate = rate_per_second
        self._concurrency = concurrency
        self._timeout = timeout_seconds
        self._permits = self._permits_before = 0
        self._grows_at = self._begins_at = 0.0
        self._had_until = -math.inf
        self._limiter, self._pack = AsyncLimiter(1, 1), 1
        self._paid = 0  # turns of the last pack that nobody took yet

    def share(self, part: float, monotonic: float) -> None:
        """Use this part (0..1) of the account's limits from now on; what is in the bucket is not carried over.

        A process that owns anything may have one request in flight, however small its part. Where the part grows,
        the provider may still have requests of who had the rest: until they ended, no more are in flight than before.
        A newcomer, that had nothing for long or ever, lets those who share with it come down to their part first.
        """
        if self._permits:
            self._permits_before, self._had_until = self._limit(monotonic), monotonic
        elif part > 0 and monotonic > self._had_until + self._timeout:
            self._permits_before = 0
            self._begins_at = monotonic + NEWCOMER_SECONDS if part < 1 else monotonic
        self._permits = max(1, int(self._concurrency * part + 1e-9)) if part > 0 else 0
        if 0 < self._permits_before < self._permits:
            self._grows_at = monotonic + self._timeout
        rate = self._rate * part
        if rate > 0:
            self._pack = max(1, int(rate * BURST_SECONDS / PACKS_OF_A_BURST))
            # One may wait for a pack while another takes the next: what is left of both may be spent at once, later.
            self._limiter, self._paid = limiter_of(rate, ahead=2 * (self._pack - 1)), 0

    def in_flight_limit(self, monotonic: float) -> int:
        """Return how many requests may be in flight."""
        return self._limit(monotonic) if monotonic >= self._begins_at else 0

    def _limit(self, monotonic: float) -> int:
        return self._permits if monotonic >= self._grows_at else min(self._permits, self._permits_before)

    @property
    def is_free(self) -> bool:
        """Whether the next request may start without waiting."""
        return self._paid > 0 or self._limiter.has_capacity(self._pack)

    async def turn(self) -> None:
        """Wait until the next request may start."""
        if self._paid > 0:
            self._paid -= 1
            return
        limiter, pack = self._limiter, self._pack
        await limiter.acquire(pack)
        if limiter is self._limiter:  # else its rate isn't ours any more
            self._paid += pack - 1


def limiter_of(rate: float, *, ahead: int = 0) -> AsyncLimiter:
    """Return a limiter that lets at most `rate` requests into any second, if so many of them may begin later (`ahead`).

    They are taken off the steady rate, as what may come at once is; where requests come one by one, nothing is ahead.
    """
    burst = max(1.0, rate * BURST_SECONDS)
    steady = rate - burst - ahead if burst > 1.0 else rate
    return AsyncLimiter(burst, burst / steady)
