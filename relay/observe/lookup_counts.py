"""The metrics of lookups that ended: plain numbers, given to Prometheus when it asks.

Its own counters and histograms take longer to count a lookup than its request takes to be sent.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_OUTCOMES = (
    "Lookups that ended, by what they brought: pending, delivered, failed (so says the provider), not_found; "
    "no answer: timed_out, connection, truncated, oversized, garbled, refused, throttled, server_error; "
    "unexpected is a bug."
)
_SECONDS = "From request to whole response."


class Ended:
    """An account's lookups that ended."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self._in_buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, outcome: str, seconds: float) -> None:
        """Count one that took so long."""
        self.outcomes[outcome] += 1
        self.took(seconds)

    def took(self, seconds: float) -> None:
        """Count a request that took so long."""
        self._in_buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds

    def histogram(self) -> tuple[list[tuple[str, float]], float]:
        """Return how many took so long at most, and the sum."""
        bounds = [*map(str, map(float, BOUNDS)), "+Inf"]
        return list(zip(bounds, accumulate(self._in_buckets), strict=True)), self._seconds


class Lookups(Collector):  # the registry takes nothing else
    """The lookups of all accounts, as Prometheus reads them."""

    def __init__(self) -> None:
        self._accounts: defaultdict[str, Ended] = defaultdict(Ended)

    def of(self, account: str) -> Ended:
        """Return the numbers of an account."""
        return self._accounts[account]

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """Give the numbers as they stand."""
        outcomes = CounterMetricFamily("relay_lookups", _OUTCOMES, labels=("account", "outcome"))
        seconds = HistogramMetricFamily("relay_lookup_seconds", _SECONDS, labels=("account",))
        for account, ended in self._accounts.items():
            for outcome, count in ended.outcomes.items():
                outcomes.add_metric((account, outcome), count)
            buckets, total = ended.histogram()
            seconds.add_metric((account,), buckets, total)
        yield outcomes
        yield seconds
