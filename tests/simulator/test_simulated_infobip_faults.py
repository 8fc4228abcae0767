"""Faults upon reports that are handed out once: which consume them, and that the truth tells what was cut."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from relay.simulator.faults import Fault, FaultKind
from relay.simulator.server import Simulator
from tests.simulator.calling import LOGS, REPORTS, a_call, a_simulator, got, ids


def a_faulty(**options: Any) -> Simulator:
    """Make a simulator with one unread report and a fault that strikes once."""
    simulator = a_simulator(a_call())
    simulator.faults.add(Fault(times=1, **options))
    return simulator


async def exchanged(simulator: Simulator) -> bytes:
    """Ask over a plain socket, for clients repeat a GET, and give every byte until the connection ends or 0.2 s."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(simulator.url.rpartition(":")[2]))
    basic = aiohttp.encode_basic_auth("login", "password")
    writer.write(f"GET {REPORTS} HTTP/1.1\r\nHost: simulator\r\nAuthorization: {basic}\r\n\r\n".encode())
    received = b""
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        async with asyncio.timeout(0.2):
            while chunk := await reader.read(65536):
                received += chunk
    writer.close()
    return received


@pytest.mark.parametrize("kind", ["hang", "reset", "cut", "truncated", "drip"])
async def test_what_is_lost_in_flight_is_consumed_and_told(client: aiohttp.ClientSession, kind: str) -> None:
    """After a cut at any byte the report is not handed out again; truth names the fault, and the log still knows it."""
    async with a_faulty(kind=kind) as simulator:
        assert not (await exchanged(simulator)).endswith(b"}]}")
        assert await ids(client, simulator) == []
        assert [(report.message_id, report.drain, report.fault, report.cut) for report in simulator.handed_out()] == [
            ("c-1", 1, kind, True)
        ]
        assert await ids(client, simulator, LOGS) == ["c-1"]


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 401},
        {"kind": "garbage"},
        {"kind": "html"},
        {"kind": "raw", "body": "{}"},
        {"kind": "error_body"},
        {"kind": "oversized", "size_bytes": 100},
    ],
    ids=lambda options: "-".join(str(options[key]) for key in ("kind", "status") if key in options),
)
async def test_who_answers_in_the_providers_stead_consumes_nothing(
    client: aiohttp.ClientSession, options: dict[str, Any]
) -> None:
    """The report is handed out at the next drain, unless the fault is said to come after it was consumed."""
    async with a_faulty(**options) as simulator:
        await exchanged(simulator)
        assert simulator.handed_out() == ()
        assert await ids(client, simulator) == ["c-1"]
    async with a_faulty(**options, consumes=True) as simulator:
        await exchanged(simulator)
        assert await ids(client, simulator) == []
        assert [(report.fault, report.cut) for report in simulator.handed_out()] == [(options["kind"], True)]


@pytest.mark.parametrize("kind", ["hang", "reset"])
async def test_a_connection_can_be_lost_before_anything_was_consumed(client: aiohttp.ClientSession, kind: str) -> None:
    """The client can't tell it from a loss, but the next drain has the report."""
    async with a_faulty(kind=kind, consumes=False) as simulator:
        assert await exchanged(simulator) == b""
        assert await ids(client, simulator) == ["c-1"]


@pytest.mark.parametrize("kind", ["cut", "truncated", "drip", "gzip"])
def test_a_fault_of_the_providers_own_answer_always_consumes(kind: str) -> None:
    """There is no answer of a provider that was not asked."""
    with pytest.raises(ValidationError, match="always consumes"):
        Fault(kind=FaultKind(kind), consumes=False)


@pytest.mark.parametrize("options", [{"kind": "content_type"}, {"kind": "delay", "delay_seconds": 0.01}])
async def test_what_arrives_whole_is_not_cut(client: aiohttp.ClientSession, options: dict[str, Any]) -> None:
    """A fault that leaves the body whole is named in the truth, not counted as cut."""
    async with a_faulty(**options) as simulator:
        assert (await exchanged(simulator)).endswith(b"}]}")
        assert [(report.fault, report.cut) for report in simulator.handed_out()] == [(options["kind"], False)]


async def test_a_client_that_leaves_before_the_answer_consumes_nothing(client: aiohttp.ClientSession) -> None:
    """With a delay the provider is asked at its end, and not if nobody waits any more."""
    async with a_faulty(kind="delay", delay_seconds=30) as simulator:
        assert await exchanged(simulator) == b""
        assert await ids(client, simulator) == ["c-1"]


async def test_drains_and_log_are_struck_apart(client: aiohttp.ClientSession) -> None:
    """The log counts as an account of its own, and a fault for a message strikes the lookups that name it."""
    async with a_simulator(a_call()) as simulator:
        simulator.faults.add(
            Fault(kind=FaultKind.STATUS, status=500, account="infobip/login/logs", times=1),
            Fault(kind=FaultKind.STATUS, status=502, message_id="c-1"),
        )
        assert await ids(client, simulator, f"{REPORTS}?bulkId=other") == []
        status, body = await got(client, simulator, LOGS)
        assert (status, body["requestError"]["serviceException"]["messageId"]) == (500, "GENERAL_ERROR")
        assert [(await got(client, simulator, f"{path}?messageId=c-1"))[0] for path in (REPORTS, LOGS)] == [502, 502]
        assert simulator.unread() == 1
