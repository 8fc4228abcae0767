"""When each message of a slot is due next: entries count only while they are the message's newest.

What is due soon lies in a heap; what is due later in bins of a minute, without order, which takes a third of the memory
and of the time. A bin's entries move to the heap when its minute comes near.
"""

import heapq
from array import array
from dataclasses import dataclass, field
from itertools import islice

COUNTED_OVERDUE = 10_000  # more overdue timers than this are not counted one by one
BIN_SECONDS = 60
SOON_SECONDS = 60.0


@dataclass(slots=True)
class _Bin:
    """Instants and keys, entry by entry; `first` is the earliest instant."""

    first: float
    instants: "array[float]" = field(default_factory=lambda: array("d"))
    keys: list[bytes] = field(default_factory=list)


class Timers:
    """Instants (epoch seconds) by key; arming anew leaves the older entry, which is recognised when it fires."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, bytes]] = []
        self._bins: dict[int, _Bin] = {}
        self._minutes: list[int] = []  # a heap of the bins' numbers
        self._heap_until = 0.0  # what is due before lies in the heap

    def arm(self, key: bytes, due: float) -> None:
        """Add an instant for the key."""
        if due < self._heap_until:
            heapq.heappush(self._heap, (due, key))
            return
        minute = int(due // BIN_SECONDS)
        bin_ = self._bins.get(minute)
        if bin_ is None:
            bin_ = self._bins[minute] = _Bin(due)
            heapq.heappush(self._minutes, minute)
        bin_.first = min(bin_.first, due)
        bin_.instants.append(due)
        bin_.keys.append(key)

    def pop_due(self, instant: float) -> tuple[float, bytes] | None:
        """Take the first entry that is due, None if there is none."""
        self._fetch(instant + SOON_SECONDS)
        return heapq.heappop(self._heap) if self._heap and self._heap[0][0] <= instant else None

    def first(self) -> float | None:
        """Return the earliest instant."""
        if self._heap:
            return self._heap[0][0]
        return self._bins[self._minutes[0]].first if self._minutes else None

    def overdue(self, instant: float) -> int:
        """Return about how many entries are due."""
        self._fetch(instant)
        if not self._heap or self._heap[0][0] > instant:
            return 0
        return sum(due <= instant for due, _ in islice(self._heap, COUNTED_OVERDUE))

    def clear(self) -> None:
        """Forget all."""
        self._heap.clear()
        self._bins.clear()
        self._minutes.clear()
        self._heap_until = 0.0

    def _fetch(self, instant: float) -> None:
        """Move to the heap what is due before the instant, whole bins."""
        if not self._minutes or self._minutes[0] * BIN_SECONDS > instant:
            return
        while self._minutes and self._minutes[0] * BIN_SECONDS <= instant:
            minute = heapq.heappop(self._minutes)
            bin_ = self._bins.pop(minute)
            self._heap += zip(bin_.instants, bin_.keys, strict=True)
            self._heap_until = float((minute + 1) * BIN_SECONDS)
        heapq.heapify(self._heap)
