"""Whom lookups contact and whom they trust: the configured address alone, verified, whatever an answer says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from relay.lookups.client import HttpClient
from relay.lookups.http import Failure, HttpFailure, HttpRequest, HttpResponse
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.server import Simulator
from tests.security.certificates import Authority, served_with

REQUEST = HttpRequest("/1021/api/dr/m-1/simple")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


async def asked(url: str, *, ca_file: Path | None = None, timeout_seconds: float = 5) -> HttpResponse | Failure:
    """Send one request and return what comes of it."""
    http = HttpClient(url, headers={}, timeout_seconds=timeout_seconds, ca_file=ca_file)
    try:
        return await http.get(REQUEST)
    except HttpFailure as failure:
        return failure.kind
    finally:
        await http.close()


@asynccontextmanager
async def a_bystander() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Listen where nobody should connect; give the address and whatever was sent there."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_other_address_is_asked_than_the_configured_one(status: int) -> None:
    """A Location that leads elsewhere is left alone: the answer is what it is, and the other server hears nothing."""
    async with a_bystander() as (elsewhere, heard), Simulator() as simulator:
        leads = {"Location": f"{elsewhere}/stolen", "Refresh": f"0; url={elsewhere}"}
        simulator.faults.add(Fault(kind=FaultKind.STATUS, status=status, headers=leads))
        answer = await asked(simulator.url)
        assert isinstance(answer, HttpResponse)
        assert answer.status == status
        assert len(simulator.lookups) == 1
    assert heard == []


@pytest.mark.parametrize("name", [*PROXY_VARIABLES, *map(str.lower, PROXY_VARIABLES)])
async def test_proxies_of_the_environment_are_not_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can set a variable can't read the lookups, whose credentials are in a header."""
    for each in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(each, raising=False)
    async with a_bystander() as (proxy, heard), Simulator() as simulator:
        monkeypatch.setenv(name, proxy)
        assert isinstance(await asked(simulator.url), HttpResponse)
        for url in ("http://relay-test.invalid", "https://relay-test.invalid"):
            assert await asked(url) is Failure.CONNECTION
    assert heard == []


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """Give the authority that is trusted, and another."""
    folder = tmp_path_factory.mktemp("authorities")
    return Authority(folder, "trusted"), Authority(folder, "other")


async def test_a_certificate_of_the_configured_authority_is_accepted(authorities: tuple[Authority, Authority]) -> None:
    """For the address that it names, and not without `ssl_cafile`; the file may hold several authorities."""
    trusted, other = authorities
    both = trusted.file.with_name("both.pem")
    both.write_bytes(other.file.read_bytes() + trusted.file.read_bytes())
    async with Simulator(ssl_context=served_with(trusted.issue("good"))) as simulator:
        assert isinstance(await asked(simulator.url, ca_file=trusted.file), HttpResponse)
        assert isinstance(await asked(simulator.url, ca_file=both), HttpResponse)
        assert await asked(simulator.url) is Failure.CONNECTION


@pytest.mark.parametrize("wrong", ["another authority's", "expired", "for another address", "its own"])
async def test_other_certificates_are_refused(authorities: tuple[Authority, Authority], wrong: str) -> None:
    """Nothing is sent to a server that can't prove who it is."""
    trusted, other = authorities
    issued = {
        "another authority's": other.issue("foreign"),
        "expired": trusted.issue("expired", expired=True),
        "for another address": trusted.issue("elsewhere", address="127.0.0.2"),
        "its own": Authority(trusted.file.parent, "self").itself,
    }[wrong]
    async with Simulator(ssl_context=served_with(issued)) as simulator:
        assert await asked(simulator.url, ca_file=trusted.file) is Failure.CONNECTION
        assert simulator.lookups == []


async def test_headers_without_end_are_not_read_for_ever() -> None:
    """A head that never ends fails long before the time-out, with little of it read."""
    sent = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with suppress(ConnectionError):
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"X-Endless: " + b"x" * 65_536 + b"\r\n")
                sent += 65_536
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asyncio.timeout(20):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await asked(url, timeout_seconds=60) is Failure.CONNECTION
    assert sent < 32 * 1_048_576
