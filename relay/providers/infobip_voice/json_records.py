"""A JSON page of reports as its records, each with its own bytes.

The page's object is walked here, and every value in it left to the standard library's scanner, so that the place of
each record is known and a broken one costs none of those before it.
"""

import json
import re
from collections.abc import Iterator

from relay.lookups.reading import Garbled
from relay.providers.infobip_voice.wire import BREAKS_OFF, Record

LONGEST_INTEGER = 20  # more digits name nothing here, and Python refuses to read thousands of them
_BOM = b"\xef\xbb\xbf"
_NOT_SPACE = re.compile(r"[^ \t\r\n]|$")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= LONGEST_INTEGER else digits


# Decimals stay text until they are read as decimals. A raw newline in a text or a NaN is a fault of that value alone.
_DECODER = json.JSONDecoder(strict=False, parse_float=str, parse_int=_integer, parse_constant=str)


def json_records(body: bytes) -> Iterator[Record]:
    """Give the elements of `results` in order; from where they can't be read on, the rest is one broken record.

    Raises:
        Garbled: this is no object with `results`.

    """
    # Bytes that are not UTF-8 come through as lone surrogates: only the text that holds them is lost.
    text = body.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    at = _start_of_results(text)
    while at is not None:
        at = _skip_space(text, at)
        if text.startswith("]", at):
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            break
        yield Record(value=value, body=_bytes(text[at:end]))
        at = _skip_space(text, end)
        if not text.startswith((",", "]"), at):
            break
        at += text.startswith(",", at)
    if at is not None:
        yield Record(value=None, body=_bytes(text[at:]), problem=BREAKS_OFF)


def _start_of_results(text: str) -> int | None:
    """Return the place behind the bracket that opens `results`, None where null stands in its place."""
    at = _behind("{", text, 0)
    try:
        while True:
            name, at = _DECODER.raw_decode(text, _skip_space(text, at))
            at = _skip_space(text, _behind(":", text, at))
            if name == "results":
                break
            _, at = _DECODER.raw_decode(text, at)
            at = _behind(",", text, at)
    except (json.JSONDecodeError, RecursionError):
        raise Garbled("the body is not JSON") from None
    return None if text.startswith("null", at) else _behind("[", text, at)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _skip_space(text: str, at: int) -> int:
    found = _NOT_SPACE.search(text, at)
    return found.start() if found else len(text)


def _behind(sign: str, text: str, at: int) -> int:
    at = _skip_space(text, at)
    if not text.startswith(sign, at):
        raise Garbled("the body is not an object with results")
    return at + 1
