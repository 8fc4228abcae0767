"""The control endpoints: what other processes can order and learn, and how errors name the field."""

from typing import Any

import aiohttp
import pytest

from relay.simulator.server import Simulator

A_MESSAGE: dict[str, Any] = {
    "message_id": "m-1",
    "sent_at": 1000,
    "phone_number": "380671234567",
    "channels": [{"channel": "sms", "ttl": 300}],
    "steps": [{"after_seconds": 5, "channel": "sms", "status": 2, "substatus": 23, "hyber_status": 23011}],
}


async def ordered(
    client: aiohttp.ClientSession,
    simulator: Simulator,
    method: str,
    endpoint: str,
    body: Any = None,
) -> tuple[int, Any]:
    """Call a control endpoint and give status and decoded body."""
    async with client.request(method, f"{simulator.url}/_simulator/{endpoint}", json=body) as response:
        return response.status, await response.json()


async def test_messages_sent_over_http_are_reported(client: aiohttp.ClientSession) -> None:
    """Another process gives the provider a message and reads report and truth of it."""
    async with Simulator(clock=lambda: 2000.0) as simulator:
        reply = await ordered(client, simulator, "POST", "messages", {"messages": [A_MESSAGE, {"message_id": "m-2"}]})
        assert reply == (201, {"accepted": 2})
        async with client.get(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
            assert (await response.json())["phone_number"] == "380671234567"
        status, truths = await ordered(client, simulator, "GET", "truth")
        assert (status, set(truths["messages"])) == (200, {"m-1", "m-2"})
        assert await ordered(client, simulator, "GET", "truth?message_id=m-1") == (
            200,
            {
                "message_id": "m-1",
                "extra_id": None,
                "sent_at": 1000.0,
                "readable_at": 1010.0,
                "delivered_at": 1005.0,
                "seen_at": None,
                "failed_at": None,
                "outcome": "delivered",
            },
        )


async def test_faults_are_ordered_and_cleared_over_http(client: aiohttp.ClientSession) -> None:
    """Bodies come as text or as base64; clearing tells how many there were."""
    async with Simulator() as simulator:
        faults = [
            {"kind": "raw", "body": {"base64": "/w=="}, "times": 1},
            {"kind": "raw", "body": "текст", "status": 500},
        ]
        assert (await ordered(client, simulator, "POST", "faults", {"faults": faults}))[0] == 201
        bodies = []
        for _ in faults:
            async with client.get(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
                bodies.append(await response.read())
        assert bodies == [b"\xff", "текст".encode()]
        assert await ordered(client, simulator, "DELETE", "faults") == (200, {"cleared": 1})


async def test_stats_are_read_over_http_and_do_not_count_themselves(client: aiohttp.ClientSession) -> None:
    """Control calls are no lookups."""
    async with Simulator() as simulator:
        async with client.get(f"{simulator.url}/1021/api/dr/m-1/simple"):
            pass
        assert await ordered(client, simulator, "GET", "stats") == (
            200,
            {
                "requests": 1,
                "by_status": {"404": 1},
                "in_flight": 0,
                "max_in_flight": 1,
                "max_per_second": {"hyber/1021": 1},
                "max_per_minute": {"hyber/1021": 1},
                "max_in_flight_by_account": {"hyber/1021": 1},
            },
        )


@pytest.mark.parametrize(
    ("endpoint", "body", "field"),
    [
        ("messages", {}, "messages"),
        ("messages", {"messages": [{}]}, "messages.0.message_id"),
        ("messages", {"messages": [A_MESSAGE | {"phone_number": "+380671234567"}]}, "messages.0.phone_number"),
        ("messages", {"messages": [A_MESSAGE | {"colour": "red"}]}, "messages.0.colour"),
        (
            "messages",
            {"messages": [A_MESSAGE | {"steps": [A_MESSAGE["steps"][0] | {"after_seconds": -1}]}]},
            "messages.0.steps.0.after_seconds",
        ),
        ("faults", {"faults": [{"kind": "explode"}]}, "faults.0.kind"),
        ("faults", {"faults": [{"kind": "raw", "body": {"base64": "?"}}]}, "faults.0.body"),
        ("faults", {"faults": [{"kind": "status"}]}, "faults.0"),
        ("faults", [], "(body)"),
    ],
)
async def test_wrong_bodies_are_400_and_name_the_field(
    client: aiohttp.ClientSession, endpoint: str, body: object, field: str
) -> None:
    """An error says which field and why, in text and as data, and repeats no phone number."""
    async with Simulator() as simulator:
        status, error = await ordered(client, simulator, "POST", endpoint, body)
        assert status == 400
        assert [found["field"] for found in error["fields"]] == [field]
        assert error["error_text"].startswith(f"{field}: ")
        assert "380671234567" not in str(error)


async def test_a_refused_order_has_no_effect(client: aiohttp.ClientSession) -> None:
    """One wrong message refuses the whole order."""
    async with Simulator() as simulator:
        await ordered(client, simulator, "POST", "messages", {"messages": [A_MESSAGE, {}]})
        assert simulator.truth() == {}


@pytest.mark.parametrize("body", [b"{", b"\xff", b""])
async def test_a_body_that_is_no_json_is_400(client: aiohttp.ClientSession, body: bytes) -> None:
    """Broken JSON, broken UTF-8 and nothing at all are the caller's error."""
    async with Simulator() as simulator, client.post(f"{simulator.url}/_simulator/faults", data=body) as response:
        assert response.status == 400
        assert (await response.json())["fields"][0]["field"] == "(body)"


@pytest.mark.parametrize(
    ("method", "endpoint", "status"),
    [("GET", "nothing", 404), ("PUT", "faults", 405), ("GET", "truth?message_id=x", 404)],
)
async def test_wrong_endpoints_methods_and_ids_are_told(
    client: aiohttp.ClientSession, method: str, endpoint: str, status: int
) -> None:
    """What is not there has an error text."""
    async with Simulator() as simulator:
        answered, error = await ordered(client, simulator, method, endpoint)
        assert (answered, set(error)) == (status, {"error_text"})
