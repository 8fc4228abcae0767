"""An XML page of reports as its records, each with its own bytes.

Document types, and with them entities, are refused, and so is depth. The children of `results` are the records,
whatever their name.
"""

from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import DefusedXMLParser

from relay.lookups.reading import Garbled
from relay.providers.infobip_voice.wire import BREAKS_OFF, Record

DEEPEST = 16  # a report's own elements reach the fifth level
CONTAINER = "results"
_CONTAINER_LEVELS = (1, 2)
_ROOTS = frozenset({"results", "reportResponse", "voiceLogsResponse"})


def xml_records(body: bytes) -> list[Record]:
    """Return the records in order; from where they can't be read on, the rest is one broken record.

    Raises:
        Garbled: this is no document with `results`, has a document type, or is too deep.

    """
    gathering = _Gathering(body)
    try:
        gathering.parser.feed(body)
        gathering.parser.close()
    except (ParseError, ValueError, LookupError):  # not well-formed, with a document type, of an unknown encoding
        if not gathering.found:
            raise Garbled("the body is not a plain XML document") from None
        gathering.break_off()
    if not gathering.found:
        raise Garbled("the body is not a document with results")
    return gathering.records


class _Gathering:
    """The target of the parser: elements as they come, made into records of nested dictionaries and text."""

    def __init__(self, body: bytes) -> None:
        self.records: list[Record] = []
        self.found = False
        self.parser: Any = DefusedXMLParser(target=self, forbid_dtd=True)
        self._expat = self.parser.parser  # the parser forgets it on closing
        self._body = body
        self._depth = 0
        self._container = 0  # the level of the open container, 0 while there is none
        self._open: list[dict[str, Any]] = []  # the record and the elements within it that are open now
        self._text: list[str] = []
        self._begun = self._ended = 0  # places of the body

    def start(self, tag: str, _attributes: object) -> None:
        """Take the start of an element."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise Garbled("the document is too deep")
        if self._open:
            self._open.append({})
            self._text.clear()
        elif self._container:
            self._open.append({})
            self._begun = self._expat.CurrentByteIndex
        elif self._depth in _CONTAINER_LEVELS and _local(tag) == CONTAINER:
            self._container = self._depth
            self._ended = self._expat.CurrentByteIndex
        self.found = self.found or bool(self._container) or (self._depth == 1 and _local(tag) in _ROOTS)

    def data(self, text: str) -> None:
        """Take text."""
        if len(self._open) > 1:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        if self._open:
            self._end_within(_local(tag))
        elif self._depth == self._container:
            self._container = 0
        self._depth -= 1

    def _end_within(self, name: str) -> None:
        value = self._open.pop()
        if self._open:
            self._open[-1][name] = value or self._leaf()
            self._text.clear()
            return
        self._ended = self._body.find(b">", self._expat.CurrentByteIndex) + 1
        self.records.append(Record(value=value, body=self._body[self._begun : self._ended]))

    def _leaf(self) -> str | None:
        """Return the text of an element; an empty one stands for null."""
        text = "".join(self._text)
        return text if text.strip() else None

    def break_off(self) -> None:
        """Add what follows the last whole record as a broken one, unless all records had come."""
        if self._container:
            rest = self._body[self._begun if self._open else self._ended :]
            self.records.append(Record(value=None, body=rest, problem=BREAKS_OFF))

    def close(self) -> None:
        """Be closed by the parser."""


def _local(tag: str) -> str:
    """Return a name without its namespace."""
    return tag.rpartition("}")[2]
