"""Batches of records, byte for byte as a broker sends them."""

import struct
from collections.abc import Sequence

from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from tests.poison.writing import AnyName

Header = tuple[str, bytes | None]
GOOD: Header = ("plain", b"1")
ODD: Header = ("\udcff\udcfe", None)
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
TRANSACTIONAL = 7  # the producer's id


def a_batch(base: int, headers: Sequence[Header], codec: int = 0, *, transactional: bool = False) -> bytes:
    """Return the bytes of a batch with one record for each header."""
    builder = _DefaultRecordBatchBuilderPy(2, codec, transactional, TRANSACTIONAL, 0, 0, 65_536)
    for number, (name, value) in enumerate(headers):
        builder.append(number, None, b"k", f"v{base + number}".encode(), [GOOD, (AnyName(name), value)])
    batch = bytearray(builder.build())
    struct.pack_into(">q", batch, 0, base)
    return bytes(batch)
