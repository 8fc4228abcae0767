"""An XML page of reports as its records, each with its place in the body.

Document types, and with them entities, are refused, and so are depth, crowds of elements and monstrous records. The
children of `results` are the records, whatever their name.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import DefusedXMLParser

from relay.lookups.reading import Garbled
from relay.providers.infobip_voice.wire import BREAKS_OFF, LARGEST_RECORD, MOST_SIGNS, Record

DEEPEST = 16  # levels of a record, or around one; a report has three
CONTAINER = "results"
_CONTAINER_LEVELS = (1, 2)
_ROOTS = frozenset({"results", "reportResponse", "voiceLogsResponse"})
_STRETCH = 65_536


class _Unlike(Exception):  # noqa: N818 - it states what the document is
    """The document is unlike any page of reports."""


def xml_records(body: bytes) -> Iterator[Record]:
    """Give the records in order; from where they can't be read on, the rest is one broken record.

    Raises:
        Garbled: this is no document with `results`, or has a document type.

    """
    gathering = _Gathering(body)
    try:
        for at in range(0, len(body) + _STRETCH, _STRETCH):
            gathering.read(body[at : at + _STRETCH])
            yield from gathering.taken()
    except (_Unlike, ParseError, ValueError, LookupError):  # not well-formed, a document type, an unknown encoding
        if not gathering.found:
            raise Garbled("the body is not a plain XML document") from None
        yield from gathering.taken()
        yield from gathering.rest()
    finally:
        gathering.end()
    if not gathering.found:
        raise Garbled("the body is not a document with results")


class _Gathering:
    """Elements as they come, made into records of nested dictionaries and text."""

    def __init__(self, body: bytes) -> None:
        self.found = False
        self._body = body
        self._records: list[Record] = []
        self._depth = 0  # of the open elements around the records
        self._container = 0  # the level of the open container, 0 while there is none
        self._closed = False  # the last container
        self._open: list[dict[str, Any]] = []  # the record and the elements within it that are open
        self._text: list[str] = []
        self._begun = self._ended = self._read = 0  # places of the body
        self._signs = 0
        self._parser: Any = DefusedXMLParser(target=object(), forbid_dtd=True)
        self._expat: Any = self._parser.parser  # its events come here straight: a page has tens of thousands
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text.append
        self._expat.DefaultHandlerExpand = None

    def read(self, stretch: bytes) -> None:
        """Read the next stretch of the body; an empty one is its end."""
        if not stretch:
            self._parser.close()
            return
        self._signs += stretch.count(b"<") + stretch.count(b"=")
        if self._signs > MOST_SIGNS:
            raise _Unlike
        self._parser.feed(stretch)
        self._read += len(stretch)
        if self._read - self._ended > LARGEST_RECORD:
            raise _Unlike

    def taken(self) -> list[Record]:
        """Return the records that are new."""
        records, self._records = self._records, []
        return records

    def rest(self) -> Iterator[Record]:
        """Give what follows the last whole record as a broken one, unless all records had come."""
        if not self._closed:
            begun = self._begun if self._open else self._ended
            yield Record(value=None, begun=begun, ended=len(self._body), problem=BREAKS_OFF)

    def end(self) -> None:
        """Let go of the parser, whose handlers would keep the body in a circle."""
        self._parser = self._expat = None

    def _start(self, tag: str, _attributes: list[str]) -> None:
        levels = self._open
        if len(levels) == DEEPEST:
            raise _Unlike
        if levels:
            levels.append({})
            self._text.clear()
        elif self._container:
            levels.append({})
            self._begun = self._expat.CurrentByteIndex
        else:
            self._start_around(tag.rpartition("}")[2])

    def _start_around(self, name: str) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Unlike
        if self._depth in _CONTAINER_LEVELS and name == CONTAINER:
            self._container = self._depth
            self._closed = False
            self._ended = self._expat.CurrentByteIndex
        self.found = self.found or bool(self._container) or (self._depth == 1 and name in _ROOTS)

    def _end(self, tag: str) -> None:
        levels = self._open
        if not levels:
            if self._depth == self._container:
                self._container = 0
                self._closed = True
            self._depth -= 1
            return
        value: Any = levels.pop()
        if levels:
            text = None if value else "".join(self._text)
            name = tag.rpartition("}")[2] if "}" in tag else tag
            levels[-1][name] = value or (text if text and not text.isspace() else None)
        else:
            self._ended = self._place_behind(self._expat.CurrentByteIndex)
            self._records.append(Record(value=value, begun=self._begun, ended=self._ended))

    def _place_behind(self, at: int) -> int:
        """Return the place behind a record: the parser stands behind an empty element, but before an end tag."""
        if self._body[at - 2 : at] == b"/>" and self._body.rfind(b"<", self._begun, at) == self._begun:
            return at
        return self._body.find(b">", at) + 1
