"""The response that arrives on a connection: takes its bytes, says when it is whole, cut or too large.

llhttp, the parser of Node.js, reads the bytes. Nothing is unpacked, followed or repeated here.
"""

from types import MappingProxyType

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from relay.lookups.http import Failure, HttpFailure, HttpResponse

BESIDE_BYTES = 262_144  # of a head, or between two pieces of a body: no provider needs more
FIRST_FINAL = 200  # statuses below are interim: the response is still to come
_KEPT = frozenset({b"content-length", b"transfer-encoding", b"retry-after", b"content-type"})

# What other clients read as well. An answer that is handed out only once must not be lost for the form of its head.
_LENIENT = MappingProxyType(
    {"lenient_chunked_length": True, "lenient_data_after_close": True, "lenient_optional_cr_before_lf": True}
)


class Arriving:
    """One connection's responses, one after the other; `response` is the last one once it is whole.

    `max_bytes` bounds the body as it comes; `keep_cut`: of a body that is announced larger, its beginning is wanted.
    """

    def __init__(self, *, max_bytes: int, keep_cut: bool) -> None:
        self._max_bytes = max_bytes
        self._keep_cut = keep_cut
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENT)
        self.begin()

    def begin(self) -> None:
        """Expect a response."""
        self.response: HttpResponse | None = None
        self.reusable = True
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._room = self._max_bytes
        self._status = 0  # 0: its head is not complete
        self._beside = 0
        self._oversized = False

    def feed(self, data: bytes) -> None:
        """Take bytes.

        Raises:
            HttpFailure: they are no HTTP, or too many.

        """
        self._beside += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.reusable = False
            if self.response is None:
                raise self.cut() from None
        if self._oversized:
            raise self.cut(Failure.OVERSIZED)
        if self._beside > BESIDE_BYTES and self.response is None:
            raise self.cut()

    def end(self, *, clean: bool) -> HttpResponse:
        """Give the response whose end is that of its connection; `clean`: nothing was lost with that.

        Raises:
            HttpFailure: there is more of it, for all that is known.

        """
        if not (clean and self._status) or b"content-length" in self._headers or b"transfer-encoding" in self._headers:
            raise self.cut()
        return self._read()

    def cut(self, kind: Failure = Failure.TRUNCATED) -> HttpFailure:
        """Return how a response failed that breaks off here, with what came of it; before its head none began."""
        if self._status:
            return HttpFailure(kind, self._read())
        return HttpFailure(Failure.CONNECTION if kind is Failure.TRUNCATED else kind)

    def _read(self) -> HttpResponse:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        return HttpResponse(self._status, body, self._text(b"retry-after"), self._text(b"content-type"))

    def _text(self, name: bytes) -> str | None:
        """Return a header; one that is no text counts as none: the body is worth more than it."""
        value = self._headers.get(name)
        return value.decode() if value is not None and value.isascii() else None

    # What the parser calls

    def on_message_begin(self) -> None:
        """Note a response; a second one was not asked for."""
        if self.response is not None:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if (name := name.lower()) in _KEPT:
            self._headers.setdefault(name, value)

    def on_headers_complete(self) -> None:
        """Take the status, and the length if it is told."""
        status: int = self._parser.get_status_code()
        if status >= FIRST_FINAL:
            self._status = status
            self.reusable = self.reusable and self._parser.should_keep_alive()
            announced = int(self._headers.get(b"content-length", b"0"))
            self._oversized = announced > self._max_bytes and not self._keep_cut

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, up to the bound."""
        self._beside = 0
        if len(body) > self._room:
            self._oversized, body = True, body[: self._room]
        self._room -= len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Give the first whole response; an interim one says nothing."""
        if self._status == 0:
            self._headers.clear()
        elif self.response is None:
            self.response = self._read()
