"""Goes through partitions from their ends, a piece at a time, as far as the last records of the sought keys lie."""

from collections.abc import Collection, Mapping

from aiokafka import TopicPartition

from relay.explain.entries import Found
from relay.explain.stretches import Offsets, Stretch

PIECES, PIECE_RECORDS = 10, 5_000  # of a partition: at most so many, of at least that size


class Backwards:
    """The way through partitions that reach from `first` to `ends`, and what was met on it."""

    def __init__(self, sought: Mapping[TopicPartition, Collection[bytes]], first: Offsets, ends: Offsets) -> None:
        self._missing = {tp: set(keys) for tp, keys in sought.items()}
        self._first = first
        self._ends = dict(ends)
        self.records = sum(end - first[tp] for tp, end in ends.items())
        self._sizes = {tp: max(PIECE_RECORDS, (end - first[tp]) // PIECES + 1) for tp, end in ends.items()}
        self._met: dict[tuple[TopicPartition, bytes], Found] = {}
        self.found: list[Found] = []  # the last record of each key, once there is no next piece

    @property
    def wanted(self) -> frozenset[bytes]:
        """The keys that were not met yet."""
        return frozenset().union(*self._missing.values())

    def next_piece(self) -> Stretch:
        """Return what is to be read next; nothing where all was met, or read. `take` what is found in it."""
        self.found += self._met.values()
        for tp, keys in self._missing.items():
            keys.difference_update([key for place, key in self._met if place == tp])
        self._met = {}
        piece = {
            tp: (max(self._first[tp], end - self._sizes[tp]), end)
            for tp, end in self._ends.items()
            if self._missing[tp] and self._first[tp] < end
        }
        self._ends |= {tp: begin for tp, (begin, _) in piece.items()}
        return piece

    def matters(self, key: bytes | None, _: bytes | None) -> bool:
        """Tell by a record's key whether it is sought."""
        return any(key in keys for keys in self._missing.values())

    def take(self, found: Found) -> None:
        """Take a record of the piece; the last one of a key counts, where it lies as it should."""
        place, key = TopicPartition(found.name, found.partition), found.key or b""
        if key in self._missing[place]:
            self._met[place, key] = found
