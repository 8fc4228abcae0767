"""The response that arrives on a connection: takes its bytes, says when it is whole, cut or too large.

llhttp, the parser of Node.js, reads the bytes. Nothing is unpacked, followed or repeated here.
"""

from types import MappingProxyType

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.mending import END_OF_HEAD, with_one_length

BESIDE_BYTES = 262_144  # of a head, or between two pieces of a body: no provider needs more
FIRST_FINAL = 200  # statuses below are interim: the response is still to come
_KEPT = frozenset({b"content-length", b"transfer-encoding", b"retry-after", b"content-type"})

# What other clients read as well. An answer that is handed out only once must not be lost for the form of its head.
_LENIENT = MappingProxyType(
    {
        "lenient_chunked_length": True,
        "lenient_data_after_close": True,
        "lenient_optional_cr_before_lf": True,
        "lenient_spaces_after_chunk_size": True,
    }
)


class Arriving:
    """One connection's responses, one after the other; `whole` once the one that is expected is there.

    `max_bytes` bounds the body as it comes; `keep_cut`: of a body that is announced larger, its beginning is wanted.
    """

    def __init__(self, *, max_bytes: int, keep_cut: bool) -> None:
        self._max_bytes = max_bytes
        self._keep_cut = keep_cut
        self._parser: HttpResponseParser | None = self._new_parser()
        self.begin()

    def _new_parser(self) -> HttpResponseParser:
        parser = HttpResponseParser(self)
        parser.set_dangerous_leniencies(**_LENIENT)
        return parser

    def begin(self) -> None:
        """Expect a response; forget the last one."""
        self.whole = False
        self.reusable = True
        self._headers: dict[bytes, bytes] = {}
        self._head = b""  # what came before the head was complete
        self._refused = False  # the parser takes no more of the head
        self._body = bytearray()
        self._status = 0  # 0: its head is not complete
        self._beside = 0
        self._oversized = False

    def close(self) -> None:
        """Expect nothing any more; parser and this hold each other, and all that came, until then."""
        self._parser = None
        self._body, self._head, self._headers = bytearray(), b"", {}

    def feed(self, data: bytes) -> None:
        """Take bytes.

        Raises:
            HttpFailure: they are no HTTP, or too many.

        """
        self._beside += len(data)
        if not self._status:
            self._head += data
        if not self._refused:
            self._parse(data)
        if self._refused and END_OF_HEAD in self._head:
            self._mend()
        if self._oversized:
            raise self.cut(Failure.OVERSIZED)
        if self._beside > BESIDE_BYTES and not self.whole:
            raise self.cut()

    def _parse(self, data: bytes) -> None:
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.reusable = False
            self._refused = isinstance(error, HttpParserError) and self._head.startswith(b"HTTP/")
            if not (self.whole or self._refused):
                raise self.cut() from None

    def _mend(self) -> None:
        """Read a head that was refused once more, as it was meant."""
        mended = with_one_length(self._head)
        if mended is None:
            raise self.cut()
        self._refused = False
        self._headers.clear()
        self._parser = self._new_parser()
        self._parse(mended)
        self.reusable = False
        if self._refused:
            raise self.cut()

    def give(self) -> HttpResponse:
        """Give the response as far as it came, and keep nothing of it."""
        response = self._read()
        self._body, self._head, self._headers = bytearray(), b"", {}
        return response

    def ends_with_connection(self, *, clean: bool) -> bool:
        """Tell whether what came is the whole, as its connection has ended; `clean`: nothing was lost with that."""
        if not clean or not self._status:
            return False
        coding = self._headers.get(b"transfer-encoding", b"").rpartition(b",")[2].strip().lower()
        return coding != b"chunked" and len(self._body) >= self._announced

    def cut(self, kind: Failure = Failure.TRUNCATED) -> HttpFailure:
        """Return how a response failed that breaks off here, with what came of it; before its head none began."""
        if self._status:
            return HttpFailure(kind, self._read())
        return HttpFailure(Failure.CONNECTION if kind is Failure.TRUNCATED else kind)

    @property
    def _announced(self) -> int:
        return int(self._headers.get(b"content-length", b"0"))

    def _read(self) -> HttpResponse:
        return HttpResponse(self._status, bytes(self._body), self._text(b"retry-after"), self._text(b"content-type"))

    def _text(self, name: bytes) -> str | None:
        """Return a header; one that is no text counts as none: the body is worth more than it."""
        value = self._headers.get(name)
        return value.decode() if value is not None and value.isascii() else None

    # What the parser calls

    def on_message_begin(self) -> None:
        """Note a response; a second one was not asked for."""
        if self.whole:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; of a second response none."""
        if not self.whole and (name := name.lower()) in _KEPT:
            self._headers.setdefault(name, value)

    def on_headers_complete(self) -> None:
        """Take the status, and the length if it is told."""
        if self.whole or self._parser is None:
            return
        status: int = self._parser.get_status_code()
        if status >= FIRST_FINAL:
            self._status, self._head = status, b""
            self.reusable = self.reusable and self._parser.should_keep_alive()
            self._oversized = self._announced > self._max_bytes and not self._keep_cut

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, up to the bound."""
        if self.whole:
            return
        self._beside = 0
        room = self._max_bytes - len(self._body)
        if len(body) > room:
            self._oversized, body = True, body[:room]
        self._body += body

    def on_message_complete(self) -> None:
        """Note that the first response is whole; an interim one says nothing."""
        if self._status:
            self.whole = True
        else:
            self._headers.clear()
