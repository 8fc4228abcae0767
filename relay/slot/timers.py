"""When each message of a slot is due next: a heap whose entries count only while they are the message's newest."""

import heapq
from itertools import islice

COUNTED_OVERDUE = 10_000  # more overdue timers than this are not counted one by one


class Timers:
    """Instants (epoch seconds) by key; arming anew leaves the older entry, which is recognised when it fires."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, bytes]] = []

    def arm(self, key: bytes, due: float) -> None:
        """Add an instant for the key."""
        heapq.heappush(self._heap, (due, key))

    def pop_due(self, instant: float) -> tuple[float, bytes] | None:
        """Take the first entry that is due, None if there is none."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0][0] <= instant else None

    def first(self) -> float | None:
        """Return the earliest instant."""
        return self._heap[0][0] if self._heap else None

    def overdue(self, instant: float) -> int:
        """Return about how many entries are due."""
        if not self._heap or self._heap[0][0] > instant:
            return 0
        return sum(due <= instant for due, _ in islice(self._heap, COUNTED_OVERDUE))

    def clear(self) -> None:
        """Forget all."""
        self._heap.clear()
