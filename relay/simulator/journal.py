"""Counts the lookups that reached the simulator and remembers the newest; holds ids and paths, no bodies."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

NO_STATUS: Final = 0
"""Stands for the HTTP status where none was sent."""

_SECOND: Final = 1.0
_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredLookup:
    """A lookup and what it got; `time` in epoch seconds by the simulator's clock."""

    time: float
    path: str
    status: int
    message_id: str | None
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Lookups so far; by account the most within any second, within any minute, and in flight at once."""

    requests: int
    by_status: dict[int, int]
    in_flight: int
    max_in_flight: int
    max_per_second: dict[str, int]
    max_per_minute: dict[str, int]
    max_in_flight_by_account: dict[str, int]


class _Busiest:
    """The most lookups of each account within any `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.most: dict[str, int] = {}
        self._seconds = seconds
        self._recent: dict[str, deque[float]] = {}

    def arrived(self, account: str, at: float) -> None:
        recent = self._recent.setdefault(account, deque())
        recent.append(at)
        while recent[0] <= at - self._seconds:
            recent.popleft()
        self.most[account] = max(self.most.get(account, 0), len(recent))


class Journal:
    """The traffic of one simulator; keeps the newest `size` lookups."""

    def __init__(self, *, size: int) -> None:
        self.answered: deque[AnsweredLookup] = deque(maxlen=size)
        self._requests = 0
        self._by_status: Counter[int] = Counter()
        self._in_flight = 0
        self._max_in_flight = 0
        self._in_second = _Busiest(_SECOND)
        self._in_minute = _Busiest(_MINUTE)
        self._in_flight_by_account: Counter[str] = Counter()
        self._max_in_flight_by_account: dict[str, int] = {}

    def arrived(self, account: str, at: float) -> None:
        """Count a lookup that came in at `at`, in seconds of a monotonic clock."""
        self._requests += 1
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)
        self._in_second.arrived(account, at)
        self._in_minute.arrived(account, at)
        self._in_flight_by_account[account] += 1
        most = max(self._max_in_flight_by_account.get(account, 0), self._in_flight_by_account[account])
        self._max_in_flight_by_account[account] = most

    def note(self, lookup: AnsweredLookup) -> None:
        """Remember how a lookup is answered, just before it is."""
        self.answered.append(lookup)
        self._by_status[lookup.status] += 1

    def left(self, account: str) -> None:
        """Count a lookup that is over, whoever ended it."""
        self._in_flight -= 1
        self._in_flight_by_account[account] -= 1

    def stats(self) -> Stats:
        """Give the counters as they stand."""
        return Stats(
            requests=self._requests,
            by_status=dict(self._by_status),
            in_flight=self._in_flight,
            max_in_flight=self._max_in_flight,
            max_per_second=dict(self._in_second.most),
            max_per_minute=dict(self._in_minute.most),
            max_in_flight_by_account=dict(self._max_in_flight_by_account),
        )
