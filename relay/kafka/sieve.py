"""Lets a consumer that looks for a few keys pass over the batches that hold none of them, without unpacking these.

Unpacking a record costs microseconds, and looking for some bytes in a batch of a thousand hardly more.
"""

import struct
from collections.abc import Collection, Iterator
from typing import Any

from aiokafka.record.memory_records import MemoryRecords

_AFTER_LENGTH = 12  # bytes of a batch before those that its length counts
_LENGTH = struct.Struct(">i")
_LENGTH_AT, _MAGIC_AT, _CODEC_AT = 8, 16, 22
_MAGIC = 2
_CODEC = 0x07


class Sieve:
    """The bytes that are looked for; None lets everything pass. Given to a consumer as its `key_deserializer`."""

    def __init__(self) -> None:
        self.sought: Collection[bytes] | None = None

    def __call__(self, key: bytes | None) -> bytes | None:
        """Return the key as it is."""
        return key

    def keeps(self, fetched: bytes, begin: int, end: int) -> bool:
        """Tell whether the batch that lies there has to be unpacked: it holds what is sought, or may hide it."""
        if self.sought is None or fetched[begin + _MAGIC_AT] != _MAGIC or fetched[begin + _CODEC_AT] & _CODEC:
            return True
        return any(fetched.find(sought, begin, end) >= 0 for sought in self.sought)


class SievedRecords:
    """What was fetched of a partition; batches that the sieve doesn't keep are there, and empty."""

    def __init__(self, records: MemoryRecords, fetched: bytes, sieve: Sieve) -> None:
        self._records = records
        self.fetched = fetched
        self._sieve = sieve
        self._at = 0

    def has_next(self) -> bool:
        """Tell whether there is another batch, as aiokafka asks."""
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        """Return the next batch, as aiokafka wants it."""
        batch = self._records.next_batch()
        begin = self._at
        self._at += _AFTER_LENGTH + _LENGTH.unpack_from(self.fetched, begin + _LENGTH_AT)[0]
        kept = batch.is_control_batch or self._sieve.keeps(self.fetched, begin, self._at)
        return batch if kept else _Emptied(batch)


class _Emptied:
    """A batch of which no record is given, and all else is told; whether its bytes are sound matters to nobody."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def validate_crc(self) -> bool:
        """Let it pass, as aiokafka asks: a checksum takes longer than the search did."""
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(())
