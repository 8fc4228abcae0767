"""Lets aiokafka's consumers pass a header name that is not UTF-8, at which they would stop for ever.

Kafka takes such a name from a client in C. Its bytes come as lone surrogates (PEP 383), which
`name.encode("utf-8", "surrogateescape")` turns back. The reader that does it also heeds a consumer's sieve.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from relay.kafka.sieve import Sieve, SievedRecords


def read_any_header_name() -> None:
    """Make every consumer that is started in this process from now on read them."""
    fetcher.MemoryRecords = _KeptRecords
    fetcher.PartitionRecords = _PatientRecords


class _KeptRecords(MemoryRecords):  # type: ignore[misc] # aiokafka is untyped
    """What was fetched of a partition, and its bytes, which aiokafka's reader keeps to itself."""

    def __init__(self, fetched: bytes) -> None:
        super().__init__(fetched)
        self.fetched = fetched


class _PatientRecords(fetcher.PartitionRecords):  # type: ignore[misc] # as above
    """Goes on with a slower reader, in Python, from the batch that the usual one refuses.

    Of a consumer that has a sieve, it gives the records of the batches that this one keeps.
    """

    _records: Any
    _records_iterator: Iterator[Any] | None

    def __init__(self, tp: Any, records: Any, aborted: Any, offset: int, key_deserializer: Any, *others: Any) -> None:
        if isinstance(key_deserializer, Sieve):
            records = SievedRecords(records, records.fetched, key_deserializer)
        super().__init__(tp, records, aborted, offset, key_deserializer, *others)
        self._records_iterator = self._unpack_patiently()

    def __iter__(self) -> Iterator[Any]:
        return self._records_iterator or iter(())

    def _unpack_patiently(self) -> Iterator[Any]:
        with suppress(UnicodeDecodeError):
            yield from self._unpack_records()
            return
        self._records = _AnyNameRecords(self._records.fetched, self.next_fetch_offset)
        yield from self._unpack_records()


class _AnyNameRecords(_MemoryRecordsPy):  # type: ignore[misc] # as above
    """The batches that hold an offset or later ones: those before it were given already, aborted ones noted."""

    def __init__(self, fetched: bytes, offset: int) -> None:
        super().__init__(fetched)
        while self.has_next() and _AnyNameBatch(self._next_slice).next_offset <= offset:
            self._cache_next()

    def next_batch(self, *_: Any) -> Any:
        batch = _AnyNameBatch(self._next_slice)
        self._cache_next()
        return batch


class _AnyNameBatch(_DefaultRecordBatchPy):  # type: ignore[misc] # as above
    _buffer: bytearray

    def __iter__(self) -> "_AnyNameBatch":
        super().__iter__()
        self._buffer = _AnyText(self._buffer)
        return self


class _AnyText(bytearray):
    """Bytes of which any slice can be decoded."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _AnyText(found) if isinstance(place, slice) else found

    def decode(self, *_: object) -> str:
        return super().decode("utf-8", "surrogateescape")
