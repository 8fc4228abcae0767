"""Bytes for people: sixteen a line, as numbers and, where they are printable ASCII, as characters."""

from collections.abc import Iterator

_ROW = 16
_PRINTABLE = range(0x20, 0x7F)


def hexdump(raw: bytes) -> Iterator[str]:
    """Give the lines."""
    for at in range(0, len(raw), _ROW):
        row = raw[at : at + _ROW]
        text = "".join(chr(byte) if byte in _PRINTABLE else "." for byte in row)
        yield f"{at:08x}  {row.hex(' '):<{_ROW * 3 - 1}}  |{text}|"
