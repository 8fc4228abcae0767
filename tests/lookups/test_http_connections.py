"""Which connection a request goes out on, and what counts as its answer: that of this request, whole, and no other."""

import asyncio
import gc
import os
import socket
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop

from relay.lookups import client as client_module
from relay.lookups.arriving import Arriving
from relay.lookups.client import HttpClient
from relay.lookups.connection import Connection
from relay.lookups.http import Failure, HttpFailure, HttpRequest
from tests.lookups.connecting import REQUEST, a_client, a_server, failure_of
from tests.security.certificates import Authority, served_with

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Told:
    """A server that gives the same bytes to each request; `requests` by connection."""

    def __init__(self, answers: Sequence[bytes], *, closes: bool = False) -> None:
        self.requests: list[list[bytes]] = []
        self.address = ""
        self._answers = answers
        self._closes = closes

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        mine: list[bytes] = []
        self.requests.append(mine)
        while True:
            try:
                mine.append(await reader.readuntil(b"\r\n\r\n"))
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            for piece in self._answers:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if self._closes:
                break
        writer.close()


@asynccontextmanager
async def told(*answers: bytes, closes: bool = False, **options: bool) -> AsyncIterator[tuple[Told, HttpClient]]:
    """Give such a server and a client of it."""
    server = Told(answers, closes=closes)
    async with a_server(server.serve) as server.address, a_client(server.address, 60, **options) as http:
        yield server, http


async def test_a_connection_serves_one_request_after_the_other() -> None:
    """It is kept while the server keeps it."""
    async with told(OK) as (server, http):
        for _ in range(3):
            assert (await http.get(REQUEST)).body == b"{}"
    assert list(map(len, server.requests)) == [3]


async def test_requests_at_once_have_a_connection_each() -> None:
    """None waits for another's answer; those that are free are used again."""
    async with told(OK) as (server, http):
        for _ in range(2):
            await asyncio.gather(*(http.get(REQUEST) for _ in range(5)))
    assert list(map(len, server.requests)) == [2] * 5


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + OK,
        OK + b"\r\nmore than was announced",
    ],
    ids=["close", "HTTP/1.0", "two answers", "more"],
)
async def test_a_connection_that_is_not_clean_is_left(answer: bytes) -> None:
    """Where a server closes, or sends what nobody asked for, the next request must not meet what is left of it."""
    async with told(answer) as (server, http):
        for _ in range(2):
            assert (await http.get(REQUEST)).body == b"{}"
    assert list(map(len, server.requests)) == [1, 1]


async def test_bytes_that_nobody_asked_for_answer_nothing() -> None:
    """What a server sends between two requests is no answer to the second."""
    sent = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        if len(writers) == 1:
            await sent.wait()
            writer.write(OK.replace(b"{}", b"[]"))
        await reader.read()
        writer.close()

    async with a_server(serve) as url, a_client(url, 60) as http, asyncio.timeout(60):
        await http.get(REQUEST)
        sent.set()
        while http._free[0].usable:  # noqa: ASYNC110 - until it has heard of them
            await asyncio.sleep(0.001)
        assert (await http.get(REQUEST)).body == b"{}"
    assert len(writers) == 2


async def test_a_connection_that_was_free_for_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies between may have forgotten it without a word."""
    async with told(OK) as (server, http):
        await http.get(REQUEST)
        await asyncio.gather(*(http.get(REQUEST) for _ in range(3)))
        monkeypatch.setattr(client_module, "FREE_SECONDS", 0.0)
        await http.get(REQUEST)
        assert len(http._free) == 1, "the others are closed, too"
    assert list(map(len, server.requests)) == [2, 1, 1, 1]


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n", OK),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,),
        (OK[:9], OK[9:30], OK[30:]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\nX-Sum: 1\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\nX: y\r\n\r\n{}",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n", b"X: y\r\n", b"\r\n", b"{", b"}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\n{}\r\n0\r\n\r\n",),
    ],
    ids=[
        "continue",
        "early hints",
        "in pieces",
        "chunks and trailers",
        "two kinds of length",
        "bare line ends",
        "no phrase",
        "its length twice",
        "its length as a list",
        "blanks behind a size",
    ],
)
async def test_an_answer_is_read_however_it_is_written(pieces: tuple[bytes, ...]) -> None:
    """Interim answers are passed over; the forms that servers in the field write are read."""
    async with told(*pieces) as (_, http):
        response = await http.get(REQUEST)
    assert (response.status, response.body) == (200, b"{}")


async def test_a_body_without_a_length_ends_with_its_connection() -> None:
    """As in HTTP/1.0; what is missing of it then, nobody can tell."""
    async with told(b"HTTP/1.1 200 OK\r\n\r\n", b"{}", closes=True) as (server, http):
        for _ in range(2):
            assert (await http.get(REQUEST)).body == b"{}"
    assert list(map(len, server.requests)) == [1, 1]


class Clock:
    """The part of an event loop that a client sets its timer with; `run` rings whatever is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self._set: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        """Return the seconds that went by."""
        return self.now

    def call_at(self, when: float, callback: Callable[..., None], *args: object) -> asyncio.TimerHandle:
        """Set a timer."""
        handle = asyncio.TimerHandle(when, callback, args, self)  # type: ignore[arg-type]  # all that a handle needs
        self._set.append(handle)
        return handle

    def get_debug(self) -> bool:
        """Say what a handle asks."""
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._set.remove(handle)

    def run(self) -> None:
        """Let time go by until nothing is set."""
        while self._set:
            handle = min(self._set, key=asyncio.TimerHandle.when)
            self._set.remove(handle)
            self.now = handle.when()
            handle._run()


class Overdue(Connection):
    """A connection that tells when it was given up."""

    def __init__(self, told: Callable[[Connection], None]) -> None:
        super().__init__(Arriving(max_bytes=1, keep_cut=False))
        self._told = told

    def time_out(self) -> None:
        """Tell it."""
        self._told(self)


def test_one_timer_rings_for_each_request_at_its_time() -> None:
    """Whichever was asked first: also one that had to be connected, and so comes late with an early end."""
    clock, http, ended = Clock(), HttpClient("http://127.0.0.1", headers={}, timeout_seconds=5), list[float]()

    def end(connection: Connection) -> None:
        ended.append(clock.now)
        del http._asked[connection]  # as whoever waited for it does

    for at in (2.0, 1.0, 3.0, 3.0, 2.5):
        http._watch(Overdue(end), at, clock)  # type: ignore[arg-type]  # as above
    clock.run()
    assert ended == [1.0, 2.0, 2.5, 3.0, 3.0]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_each_request_has_its_own_time(run: Callable[..., None]) -> None:
    """One timer is set for all that wait: it must wake for each of them, and for those that come later."""
    run(_each_timed())


async def _each_timed() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/answered" in head:
            writer.write(OK)
        await asyncio.sleep(60)

    async with a_server(serve) as url, a_client(url, 0.3) as http:
        loop = asyncio.get_running_loop()

        async def seconds_until_overdue(wait: float) -> float:
            await asyncio.sleep(wait)
            began = loop.time()
            with pytest.raises(HttpFailure) as caught:
                await http.get(REQUEST)
            assert caught.value.kind is Failure.TIMED_OUT
            return loop.time() - began

        for _ in range(2):  # the second time, the last timer has rung
            waiting = asyncio.gather(*map(seconds_until_overdue, (0.2, 0.0, 0.1)))
            assert (await http.get(HttpRequest("/answered"))).status == 200
            assert all(seconds >= 0.3 - 0.01 for seconds in await waiting)
        async with asyncio.timeout(20):  # else the one timer was not set again
            assert await seconds_until_overdue(0.0) >= 0.3 - 0.01


@pytest.mark.parametrize("header", ["Transfer-Encoding: identity", "Transfer-Encoding: identity\r\nContent-Length: 2"])
async def test_a_coding_that_is_none_ends_with_the_connection(header: str) -> None:
    """Its body comes as it is, and with a length it must have that."""
    head = f"HTTP/1.1 200 OK\r\n{header}\r\n\r\n".encode()
    async with told(head, b"{}", closes=True) as (_, http):
        assert (await http.get(REQUEST)).body == b"{}"
    if "Length" in header:
        async with told(head, b"{", closes=True) as (server, _):
            assert await failure_of(server.address, timeout_seconds=60) is Failure.TRUNCATED


@pytest.mark.parametrize("says_goodbye", [True, False])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_body_without_a_length_is_whole_only_if_tls_was_ended(
    run: Callable[..., None], tmp_path: Path, *, says_goodbye: bool
) -> None:
    """Whoever sits between can end a connection, but not TLS; what came is kept. Event loops tell it differently."""
    run(_ended_over_tls(Authority(tmp_path), says_goodbye=says_goodbye))


async def _ended_over_tls(authority: Authority, *, says_goodbye: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n{}")
        await writer.drain()
        if not says_goodbye:
            with socket_of(writer) as below:
                below.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                await reader.read()
        writer.close()

    context = served_with(authority.issue("good"))
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with a_client(url, 60, ca_file=authority.file, keep_cut=True) as http, asyncio.timeout(60):
            if says_goodbye:
                assert (await http.get(REQUEST)).body == b"{}"
                return
            with pytest.raises(HttpFailure, match="truncated") as caught:
                await http.get(REQUEST)
    assert caught.value.received is not None
    assert caught.value.received.body == b"{}"


def socket_of(writer: asyncio.StreamWriter) -> socket.socket:
    """Return the socket below a connection's TLS."""
    return socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))


async def test_what_was_given_is_not_kept() -> None:
    """Neither by a connection that is free, nor by one that is closed, which is in a circle with its parser."""
    for connection in ("keep-alive", "close"):
        answer = f"HTTP/1.1 200 OK\r\nConnection: {connection}\r\nContent-Length: 300000\r\n\r\n".encode()
        async with told(answer + b"x" * 300_000) as (_, http):
            gc.collect()
            gc.disable()
            try:
                for _ in range(3):
                    await http.get(REQUEST)
                await asyncio.sleep(0)
                arrivings = [found for found in gc.get_objects() if isinstance(found, Arriving)]
                assert sum(len(each._body) for each in arrivings) == 0
                assert len([each for each in arrivings if each._parser is not None]) <= 1
            finally:
                gc.enable()


class Closing(asyncio.Transport):
    """A transport whose other side has ended, of which its protocol has not heard yet."""

    written = b""

    def is_closing(self) -> bool:
        """Say so."""
        return True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Drop it, as the event loop does."""
        self.written += data


async def test_a_request_is_not_written_to_a_connection_that_closes() -> None:
    """What is written between the server's end and the word of it is dropped."""
    transport = Closing()
    connection = Connection(Arriving(max_bytes=10, keep_cut=True))
    connection.connection_made(transport)
    assert not connection.usable
    with pytest.raises(HttpFailure, match="connection"):
        await connection.ask(b"GET / HTTP/1.1\r\n\r\n", asyncio.get_running_loop())
    assert transport.written == b""


async def test_an_answer_without_a_body_is_whole_with_its_head() -> None:
    """204 has none, whatever follows."""
    async with told(b"HTTP/1.1 204 No Content\r\n\r\n") as (_, http):
        assert ((await http.get(REQUEST)).status, (await http.get(REQUEST)).body) == (204, b"")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", Failure.CONNECTION),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", Failure.CONNECTION),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", Failure.CONNECTION),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}", Failure.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 400_000, Failure.TRUNCATED),
        (b"", Failure.CONNECTION),
        (OK[:20], Failure.CONNECTION),
    ],
    ids=["upgrade", "two lengths", "a length beyond numbers", "no chunk", "an extension without end", "none", "half"],
)
async def test_what_is_no_answer_is_a_failure(answer: bytes, kind: Failure) -> None:
    """Each has its name, and is no answer of another request either."""
    async with told(answer, closes=True) as (server, _):
        assert await failure_of(server.address, timeout_seconds=60) is kind


async def test_a_body_over_the_bound_fails_however_it_comes() -> None:
    """In chunks as well as at once, with no more kept than the bound."""
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"8\r\nxxxxxxxx\r\n" * 3
    async with told(chunks) as (server, _), a_client(server.address, 60, max_bytes=20, keep_cut=True) as http:
        with pytest.raises(HttpFailure, match="oversized") as caught:
            await http.get(REQUEST)
    assert caught.value.received is not None
    assert caught.value.received.body == b"x" * 20


async def test_the_request_is_what_it_should_be() -> None:
    """A GET of base address and path, with host, credentials and the request's own headers, the latter first."""
    server = Told([OK])
    async with a_server(server.serve) as url, a_client(f"{url}/gate%20way/v1", 60) as http:
        await http.get(HttpRequest("/a%2Fb?c=1", {"Accept": "application/xml"}))
    lines = server.requests[0][0].decode().split("\r\n")
    assert lines[0] == "GET /gate%20way/v1/a%2Fb?c=1 HTTP/1.1"
    assert sorted(lines[1:]) == sorted(
        [
            f"Host: {url.removeprefix('http://')}",
            "User-Agent: delivery-relay",
            "Authorization: Basic bG9naW46cGFzc3dvcmQ=",
            "Accept: application/xml",
            "",
            "",
        ]
    )


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/ä", "/a\x00"])
async def test_a_path_that_could_be_more_than_a_path_is_not_sent(path: str) -> None:
    """Whoever builds one without encoding it has a bug; it must not become a header."""
    async with told(OK) as (server, http):
        with pytest.raises(ValueError, match="percent-encoded"):
            await http.get(HttpRequest(path))
    assert server.requests == []


async def test_headers_hold_no_line_ends() -> None:
    """A credential can't add a header."""
    with pytest.raises(ValueError, match="control"):
        HttpClient("http://127.0.0.1", headers={"Authorization": "a\r\nX: y"}, timeout_seconds=1)


async def test_a_closed_client_keeps_no_connection() -> None:
    """What ends after it is closed is closed, too."""
    begun, go_on, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await go_on.wait()
        writer.write(OK)
        await reader.read()
        left.set()
        writer.close()

    async with a_server(serve) as url, a_client(url, 60) as http, asyncio.timeout(60):
        getting = asyncio.create_task(http.get(REQUEST))
        await begun.wait()
        await http.close()
        go_on.set()
        assert (await getting).body == b"{}"
        await left.wait()


async def test_a_failure_leaves_no_circle_behind() -> None:
    """Python's collector comes by rarely; a provider's bad hour must not fill the memory until then."""
    async with told(b"", closes=True) as (_, http):
        failures: list[weakref.ref[HttpFailure]] = []
        gc.disable()
        try:
            for _ in range(5):
                try:
                    await http.get(REQUEST)
                except HttpFailure as failure:
                    failures.append(weakref.ref(failure))
                await asyncio.sleep(0)  # the loop lets go of what it called last
            assert [failure() for failure in failures] == [None] * 5
        finally:
            gc.enable()
