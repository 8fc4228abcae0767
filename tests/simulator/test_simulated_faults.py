"""Every fault as a client sees it."""

import asyncio
import gzip
from typing import Any

import aiohttp
import pytest

from relay.simulator import steps
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.messages import Message
from relay.simulator.server import Simulator


def a_simulator(**options: Any) -> Simulator:
    """Make a simulator whose one message, m-1 or order-1, was delivered long ago."""
    simulator = Simulator(clock=lambda: 2000.0, **options)
    script = (steps.delivered(5, "sms"),)
    simulator.send(Message(message_id="m-1", extra_id="order-1", sent_at=1000.0, steps=script))
    return simulator


def a_faulty(**options: Any) -> Simulator:
    """Make such a simulator with one fault in force."""
    simulator = a_simulator()
    simulator.faults.add(Fault(**options))
    return simulator


async def got(
    client: aiohttp.ClientSession, simulator: Simulator, path: str = "m-1/simple"
) -> tuple[int, bytes, dict[str, str]]:
    """Ask without following redirects and give status, raw body and headers."""
    async with client.get(f"{simulator.url}/1021/api/dr/{path}", allow_redirects=False) as response:
        return response.status, await response.read(), dict(response.headers)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (500, {}),
        (503, {"Retry-After": "7"}),
        (429, {}),
        (429, {"Retry-After": "Sun, 22 Nov 2026 08:00:00 GMT"}),
        (401, {}),
        (403, {}),
        (404, {}),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}),
    ],
)
async def test_status_fault_answers_in_the_providers_error_shape(
    client: aiohttp.ClientSession, status: int, headers: dict[str, str]
) -> None:
    """The status and headers ordered come with an error body, and the journal tells."""
    async with a_faulty(kind="status", status=status, headers=headers) as simulator:
        seen, body, seen_headers = await got(client, simulator)
        assert seen == status
        assert b'"error_text"' in body
        assert headers.items() <= seen_headers.items()
        assert simulator.stats().by_status == {status: 1}


async def test_hang_never_answers_and_ends_with_its_client(client: aiohttp.ClientSession) -> None:
    """A hung lookup has no status, and its task goes when the client leaves."""
    async with a_faulty(kind="hang") as simulator:
        with pytest.raises(TimeoutError):
            await got(client, simulator)
        assert [lookup.status for lookup in simulator.lookups] == [0]


async def test_delay_answers_right_but_later(client: aiohttp.ClientSession) -> None:
    """A delayed answer times a hasty client out and satisfies a patient one."""
    async with a_faulty(kind="delay", delay_seconds=0.2) as simulator:
        assert (await got(client, simulator))[0] == 200
    async with a_faulty(kind="delay", delay_seconds=30) as simulator:
        with pytest.raises(TimeoutError):
            await got(client, simulator)


async def test_reset_breaks_the_connection_before_the_first_byte() -> None:
    """The peer resets the connection, sends nothing before, and the lookup has no status."""
    async with a_faulty(kind="reset") as simulator:
        # Plain sockets, for aiohttp's client repeats a GET whose connection was reset.
        reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
        writer.write(b"GET /1021/api/dr/m-1/simple HTTP/1.1\r\nHost: simulator\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 10)
        writer.close()
        assert [lookup.status for lookup in simulator.lookups] == [0]


@pytest.mark.parametrize("kind", ["cut", "truncated"])
async def test_connection_closed_within_the_body_is_a_broken_payload(client: aiohttp.ClientSession, kind: str) -> None:
    """Status and headers arrive, the declared length never does."""
    async with a_faulty(kind=kind) as simulator:
        async with client.get(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        assert simulator.stats().by_status == {200: 1}


@pytest.mark.parametrize(("kind", "content_type"), [("garbage", "application/json"), ("html", "text/html")])
async def test_foreign_bodies_come_whole(client: aiohttp.ClientSession, kind: str, content_type: str) -> None:
    """A body that is no report comes with status 200 and a plausible type."""
    async with a_faulty(kind=kind) as simulator:
        status, body, headers = await got(client, simulator)
        assert (status, headers["Content-Type"]) == (200, content_type)
        assert not body.startswith(b"{")


async def test_oversized_body_is_streamed_to_its_full_size(client: aiohttp.ClientSession) -> None:
    """The body has exactly the bytes ordered and declares no length."""
    async with a_faulty(kind="oversized", size_bytes=3_000_001) as simulator:
        status, body, headers = await got(client, simulator)
        assert (status, len(body)) == (200, 3_000_001)
        assert "Content-Length" not in headers


async def test_client_that_leaves_an_oversized_body_is_no_error(
    client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    """A bounded reader closes early; the simulator goes on and logs nothing."""
    async with a_faulty(kind="oversized", size_bytes=10**9, times=1) as simulator:
        async with client.get(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
            await response.content.readexactly(100_000)
            response.close()
        assert (await got(client, simulator))[0] == 200
    assert caplog.records == []


async def test_drip_sends_the_right_body_byte_by_byte(client: aiohttp.ClientSession) -> None:
    """A quick drip arrives whole, a slow one exhausts the reader's patience."""
    async with a_simulator() as simulator:
        right = (await got(client, simulator))[1]
        simulator.faults.add(Fault(kind=FaultKind.DRIP, drip_seconds=0.0, times=1))
        assert (await got(client, simulator))[1] == right
        simulator.faults.add(Fault(kind=FaultKind.DRIP, drip_seconds=30))
        with pytest.raises(TimeoutError):
            await got(client, simulator)


async def test_altered_answers_keep_the_report(client: aiohttp.ClientSession) -> None:
    """Another content type, gzip and bytes that are no UTF-8 leave the rest of the body as it was."""
    async with a_simulator() as simulator:
        right = (await got(client, simulator))[1]
        for kind in (FaultKind.CONTENT_TYPE, FaultKind.GZIP, FaultKind.INVALID_UTF8):
            simulator.faults.add(Fault(kind=kind, times=1))
        _, body, headers = await got(client, simulator)
        assert (body, headers["Content-Type"]) == (right, "text/plain")
        _, body, headers = await got(client, simulator)
        assert (gzip.decompress(body), headers["Content-Encoding"]) == (right, "gzip")
        _, body, _ = await got(client, simulator)
        with pytest.raises(UnicodeDecodeError):
            body.decode()
        assert body.replace(b"\xff\xfe", b"") == right


async def test_error_body_comes_with_status_200(client: aiohttp.ClientSession) -> None:
    """The provider's error body hides behind success."""
    async with a_faulty(kind="error_body") as simulator:
        status, body, _ = await got(client, simulator)
        assert (status, body) == (200, b'{"error_code":200,"error_text":"Internal error"}')


async def test_raw_bodies_of_a_message_come_in_the_order_given(client: aiohttp.ClientSession) -> None:
    """A test scripts any bytes, status and type for one message, one lookup after another."""
    async with a_simulator() as simulator:
        simulator.faults.add(
            Fault(kind=FaultKind.RAW, message_id="m-1", body=b"\xff", times=1),
            Fault(kind=FaultKind.RAW, message_id="m-1", body=b"", status=204, times=1),
            Fault(kind=FaultKind.RAW, message_id="m-1", body=b"<x/>", status=418, content_type="text/xml"),
        )
        assert (await got(client, simulator))[:2] == (200, b"\xff")
        assert (await got(client, simulator))[:2] == (204, b"")
        status, body, headers = await got(client, simulator, "external/order-1/advanced")
        assert (status, body, headers["Content-Type"]) == (418, b"<x/>", "text/xml")
        assert (await got(client, simulator, "m-2/simple"))[0] == 404


async def test_cleared_faults_strike_nobody(client: aiohttp.ClientSession) -> None:
    """After clearing the answers are right again."""
    async with a_faulty(kind="status", status=500) as simulator:
        assert simulator.faults.clear() == 1
        assert (await got(client, simulator))[0] == 200
