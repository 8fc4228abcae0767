"""A JSON page of reports as its records, each with its place in the body.

The page's object is walked here, and every value in it left to the standard library's scanner, so that a broken record
costs none of those before it. Only a stretch of the body is text at a time: neither a long page nor a monstrous record
fills the memory.
"""

import json
import re
from collections.abc import Iterator

from relay.lookups.reading import Garbled
from relay.providers.infobip_voice.wire import BREAKS_OFF, LARGEST_RECORD, MOST_SIGNS, Record

_BOM = b"\xef\xbb\xbf"
_NOT_SPACE = re.compile(r"[^ \t\r\n]|$")
_SPACE = re.compile(rb"[ \t\r\n]*")
_GLUE = re.compile(r"[ \t\r\n]*(?:,[ \t\r\n]*|(?=\]))")

# Numbers stay text until their field reads them: decimals keep their digits, and Python would refuse to read thousands
# of them. A raw newline in a text or a NaN is a fault of that value alone.
_DECODER = json.JSONDecoder(strict=False, parse_float=str, parse_int=str, parse_constant=str)


def json_records(body: bytes) -> Iterator[Record]:
    """Give the elements of `results` in order; from where they can't be read on, the rest is one broken record.

    Raises:
        Garbled: this is no object with `results`.

    """
    at = len(_BOM) if body.startswith(_BOM) else 0
    text = _stretch(body, at)
    here = _start_of_results(text)
    if here is None:
        return
    at += _size(text[:here])
    signs = 0
    while not text.startswith("]", here):
        value, ended = _value(text, here)
        glue = _GLUE.match(text, ended) if ended > here else None
        if glue is None and here and signs <= MOST_SIGNS:  # perhaps it is only the stretch that ends
            signs += sum(map(text.count, "[{:"))
            at = _behind_space(body, at)  # the stretch may have ended in the midst of it
            text, here = _stretch(body, at), 0
            continue
        size = _size(text[here:ended])
        if size:
            yield Record(value=value, begun=at, ended=at + size)
        at += size
        if glue is None:
            yield Record(value=None, begun=at, ended=len(body), problem=BREAKS_OFF)
            return
        at += glue.end() - ended
        here = glue.end()


def _value(text: str, here: int) -> tuple[object, int]:
    """Return the value at a place and its end; where none can be read, it ends where it begins."""
    try:
        return _DECODER.raw_decode(text, here)
    except (json.JSONDecodeError, RecursionError):
        return None, here


def _stretch(body: bytes, at: int) -> str:
    """Return some of the body as text; what is not UTF-8 becomes lone surrogates, which cost only their own text."""
    return body[at : at + LARGEST_RECORD].decode("utf-8", "surrogateescape")


def _size(text: str) -> int:
    """Return how many bytes a text was."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def _start_of_results(text: str) -> int | None:
    """Return the place of the first element of `results`, None where null stands in its place."""
    at = _behind("{", text, 0)
    try:
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _behind(":", text, at)
            if name == "results":
                break
            _, at = _DECODER.raw_decode(text, at)
            at = _behind(",", text, at)
    except (json.JSONDecodeError, RecursionError):
        raise Garbled("the body is not JSON") from None
    return None if text.startswith("null", at) else _behind("[", text, at)


def _behind(sign: str, text: str, at: int) -> int:
    """Return the place behind a sign and the space around it."""
    at = _skip_space(text, at)
    if not text.startswith(sign, at):
        raise Garbled("the body is not an object with results")
    return _skip_space(text, at + 1)


def _behind_space(body: bytes, at: int) -> int:
    space = _SPACE.match(body, at)
    return space.end() if space else at


def _skip_space(text: str, at: int) -> int:
    found = _NOT_SPACE.search(text, at)
    return found.start() if found else len(text)
