"""Requests that this process wrote to the inbox lately: most of them it reads back itself, and need no decoding."""

from collections.abc import Iterable

from relay.core.items import Requested

KEPT = 2048  # twice so many and a batch at most; they are read back within a turn or two, or by another process


class Recent:
    """Gives each request once, by the value of its record: the same bytes are the same request."""

    def __init__(self) -> None:
        self._newer: dict[bytes, Requested] = {}
        self._older: dict[bytes, Requested] = {}

    def wrote(self, written: Iterable[tuple[bytes, Requested]]) -> None:
        """Keep requests, with the values of their records; the oldest are dropped."""
        self._newer.update(written)
        if len(self._newer) >= KEPT:
            self._older, self._newer = self._newer, {}

    def read(self, value: bytes | None) -> Requested | None:
        """Take the request of such a record, None if it isn't kept."""
        if value is None:
            return None
        return self._newer.pop(value, None) or self._older.pop(value, None)
