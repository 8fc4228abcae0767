"""What the relay relies on of its HTTP client, against real local sockets: one request each, bounded, cancellable."""

import asyncio
import resource
from contextlib import suppress

import pytest

from relay.kafka.embedded.ports import free_ports
from relay.lookups.http import Failure, HttpFailure
from relay.simulator.faults import Fault, FaultKind
from tests.lookups.connecting import MEBIBYTE, REQUEST, a_client, a_faulty, a_server, failure_of


def bound(*, times_out: bool) -> float:
    """Return how many seconds an answer may take: few where it is to take too long, else more than it ever does."""
    return 0.5 if times_out else 60


async def test_an_answer_comes_whole() -> None:
    """Status, body and type, with the account's credentials."""
    async with a_faulty() as simulator, a_client(simulator.url) as http:
        response = await http.get(REQUEST)
        assert response.status == 200
        assert (response.content_type or "").startswith("application/json")
        assert b'"status":2' in response.body.replace(b" ", b"")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(kind=FaultKind.RESET), Failure.CONNECTION),
        (Fault(kind=FaultKind.CUT), Failure.TRUNCATED),
        (Fault(kind=FaultKind.TRUNCATED), Failure.TRUNCATED),
        (Fault(kind=FaultKind.HANG), Failure.TIMED_OUT),
        (Fault(kind=FaultKind.DRIP, drip_seconds=0.05), Failure.TIMED_OUT),
    ],
    ids=lambda value: getattr(value, "kind", value).value,
)
async def test_a_spoiled_answer_fails_and_is_asked_for_once(fault: Fault, kind: Failure) -> None:
    """Each failure has its name, within the total time-out, and the server saw one request."""
    async with a_faulty(fault) as simulator:
        async with asyncio.timeout(120):
            assert await failure_of(simulator.url, timeout_seconds=bound(times_out=kind is Failure.TIMED_OUT)) is kind
        assert len(simulator.lookups) == 1


async def test_a_failed_connection_says_why_without_the_path() -> None:
    """Refused, not found and not trusted are mended in different places; the path may hold an id."""
    (port,) = free_ports(1)
    async with a_client(f"http://127.0.0.1:{port}") as http:
        with pytest.raises(HttpFailure, match="connection") as refused:
            await http.get(REQUEST)
    async with a_client("http://nobody.invalid") as http:
        with pytest.raises(HttpFailure, match="connection") as unknown:
            await http.get(REQUEST)
    assert "refused" in (refused.value.detail or "")
    assert "lookup" in (unknown.value.detail or "")
    assert REQUEST.path not in f"{refused.value.detail}{unknown.value.detail}"


@pytest.mark.parametrize("header", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("hangs", [False, True])
async def test_what_came_before_the_cut_is_kept_where_that_is_wanted(header: str, *, hangs: bool) -> None:
    """For an answer that can't be asked for again; status and headers come with it."""
    body = b'{"results": [{}, ' if "Length" in header else b'11\r\n{"results": [{}, \r\n'

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + header.encode() + b"\r\n\r\n" + body)
        await writer.drain()
        if hangs:
            await reader.read()

    async with a_server(serve) as url, a_client(url, timeout_seconds=bound(times_out=hangs), keep_cut=True) as http:
        with pytest.raises(HttpFailure) as caught:
            await http.get(REQUEST)
    received = caught.value.received
    assert caught.value.kind is (Failure.TIMED_OUT if hangs else Failure.TRUNCATED)
    assert received is not None
    assert (received.status, received.body, received.content_type) == (200, b'{"results": [{}, ', "application/json")


async def test_an_oversized_answer_is_kept_up_to_the_bound() -> None:
    """Its first reports can be read; the rest is named as missing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 3_000_000)
        with suppress(ConnectionError):
            await writer.drain()

    async with a_server(serve) as url, a_client(url, max_bytes=MEBIBYTE, keep_cut=True) as http:
        with pytest.raises(HttpFailure) as caught:
            await http.get(REQUEST)
    assert caught.value.kind is Failure.OVERSIZED
    assert caught.value.received is not None
    assert 0 < len(caught.value.received.body) <= MEBIBYTE


@pytest.mark.parametrize("reset", [False, True])
async def test_a_pooled_connection_that_dies_is_not_asked_again(*, reset: bool) -> None:
    """The second request on a kept connection is read and never answered: an error, not a silent repetition."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                seen.append(await reader.readuntil(b"\r\n\r\n"))
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            if len(seen) == 2:
                writer.transport.abort() if reset else writer.close()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with a_server(serve) as url, a_client(url) as http:
        assert (await http.get(REQUEST)).body == b"{}"
        with pytest.raises(HttpFailure):
            await http.get(REQUEST)
        assert (await http.get(REQUEST)).body == b"{}"
        assert len(seen) == 3


async def test_a_redirect_is_not_followed() -> None:
    """It is given as it is, so that credentials go nowhere else."""
    fault = Fault(kind=FaultKind.STATUS, status=302, headers={"Location": "/1021/api/dr/m-1/advanced"})
    async with a_faulty(fault) as simulator, a_client(simulator.url) as http:
        assert (await http.get(REQUEST)).status == 302
        assert len(simulator.lookups) == 1


async def test_retry_after_is_given() -> None:
    """The header is there for whoever decides on pauses."""
    fault = Fault(kind=FaultKind.STATUS, status=429, headers={"Retry-After": "7"})
    async with a_faulty(fault) as simulator, a_client(simulator.url) as http:
        assert (await http.get(REQUEST)).retry_after == "7"


async def test_a_compressed_body_is_not_expanded() -> None:
    """No small answer can become a large one."""
    async with a_faulty(Fault(kind=FaultKind.GZIP)) as simulator, a_client(simulator.url) as http:
        assert (await http.get(REQUEST)).body.startswith(b"\x1f\x8b")


async def test_an_endless_body_is_cut_off_with_bounded_memory() -> None:
    """Without a content-length it is read up to the bound only."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with a_faulty(Fault(kind=FaultKind.OVERSIZED, size_bytes=200 * MEBIBYTE)) as simulator:
        assert await failure_of(simulator.url, timeout_seconds=30, max_bytes=MEBIBYTE) is Failure.OVERSIZED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_an_announced_length_over_the_bound_is_not_read() -> None:
    """The header and the first bytes are enough; the client leaves instead of waiting for the rest."""
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {2**40}\r\n\r\n".encode() + b"x" * MEBIBYTE)
        with suppress(ConnectionError):
            await reader.read()
        left.set()

    async with a_server(serve) as url, asyncio.timeout(5):
        assert await failure_of(url, timeout_seconds=60, max_bytes=MEBIBYTE) is Failure.OVERSIZED
        await left.wait()


async def test_a_refused_connection_is_a_failure() -> None:
    """Nobody listens there any more."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with a_server(serve) as url:
        pass
    assert await failure_of(url) is Failure.CONNECTION


async def test_no_http_at_all_is_a_failure() -> None:
    """Bytes of another protocol are no response."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        writer.close()

    async with a_server(serve) as url:
        assert await failure_of(url) is Failure.CONNECTION


async def test_a_cancelled_request_closes_its_connection() -> None:
    """Its task ends at once, and the server sees the client leave."""
    left = asyncio.Event()
    arrived = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        with suppress(ConnectionError):
            await reader.read()
        left.set()
        writer.close()

    async with a_server(serve) as url, a_client(url, timeout_seconds=60) as http, asyncio.timeout(20):
        getting = asyncio.create_task(http.get(REQUEST))
        await arrived.wait()
        getting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await getting
        await left.wait()
