"""The simulated Hyber over HTTP: paths, credentials, ids and errors."""

from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from relay.simulator import steps
from relay.simulator.hyber import HyberSite
from relay.simulator.messages import Message
from relay.simulator.server import Simulator


async def asked(client: aiohttp.ClientSession, simulator: Simulator, path: str) -> tuple[int, Any]:
    """Ask below the account's path and give status and decoded body."""
    async with client.get(URL(f"{simulator.url}/1021/api/dr/{path}", encoded=True)) as response:
        assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
        return response.status, await response.json()


def a_delivered_sms(message_id: str = "m-1", extra_id: str | None = None, sent_at: float = 1000.0) -> Message:
    """Build an SMS delivered five seconds after it was sent."""
    script = (steps.delivered(5, "sms", sms_parts=1),)
    return Message(message_id=message_id, extra_id=extra_id, sent_at=sent_at, steps=script)


@pytest.mark.parametrize(
    ("message_id", "extra_id"), [("m-1", "AD-6640-7006"), ("a/b?c#d", "замовлення 7/8 %2F"), ("external", "simple")]
)
async def test_report_is_found_by_either_id_in_either_detail(
    client: aiohttp.ClientSession, message_id: str, extra_id: str
) -> None:
    """Ids are percent-decoded and lead to the same message in all four endpoints."""
    async with Simulator(clock=lambda: 2000.0) as simulator:
        simulator.send(a_delivered_sms(message_id, extra_id))
        for path in (quote(message_id, safe=""), f"external/{quote(extra_id, safe='')}"):
            status, simple = await asked(client, simulator, f"{path}/simple")
            assert (status, simple["message_id"], simple["extra_id"]) == (200, message_id, extra_id)
            status, detailed = await asked(client, simulator, f"{path}/advanced")
            assert (status, detailed["reports"][0]["message_id"]) == (200, message_id)
            assert simulator.lookups[-1].message_id == message_id


async def test_newest_message_owns_a_repeated_extra_id(client: aiohttp.ClientSession) -> None:
    """Two messages with one extra id are no error: the later one answers."""
    async with Simulator(clock=lambda: 2000.0) as simulator:
        simulator.send_many([a_delivered_sms("m-1", "order"), a_delivered_sms("m-2", "order")])
        _, report = await asked(client, simulator, "external/order/simple")
        assert report["message_id"] == "m-2"


@pytest.mark.parametrize("path", ["m-9/simple", "external/m-1/advanced", "m-1/other", "m-1", "external/a/b/simple"])
async def test_unknown_ids_and_paths_are_404_with_an_error_body(client: aiohttp.ClientSession, path: str) -> None:
    """What the account does not have is refused in the provider's error shape."""
    async with Simulator(clock=lambda: 2000.0) as simulator:
        simulator.send(a_delivered_sms())
        status, body = await asked(client, simulator, path)
        assert (status, set(body)) == (404, {"error_code", "error_text"})


async def test_unknown_id_is_answered_when_told_to_invent(client: aiohttp.ClientSession) -> None:
    """An id never seen is too early at first and has a report of its own later."""
    instants = [1000.0]
    async with Simulator(unknown="invent", clock=lambda: instants[0]) as simulator:
        assert (await asked(client, simulator, "never-seen/advanced"))[0] == 404
        instants[0] += 100_000
        status, body = await asked(client, simulator, "never-seen/advanced")
        assert (status, body["started"]) == (200, True)
        assert simulator.truth()["never-seen"].sent_at == 1000.0


async def test_asking_within_ten_seconds_is_too_early(client: aiohttp.ClientSession) -> None:
    """The refusal lasts ten seconds of the life cycle, which the speed divides."""
    instants = [1000.0]
    async with Simulator(speed=10, clock=lambda: instants[0]) as simulator:
        simulator.send(a_delivered_sms())
        instants[0] = 1000.99
        status, body = await asked(client, simulator, "m-1/simple")
        assert (status, body["error_text"]) == (404, "Delivery report is not available yet")
        instants[0] = 1001.0
        assert (await asked(client, simulator, "m-1/simple"))[0] == 200


async def test_too_early_can_be_an_error_body_with_status_200(client: aiohttp.ClientSession) -> None:
    """The site's behaviour where the documentation is silent is configurable."""
    site = HyberSite(too_early_status=200)
    async with Simulator(hyber=site, clock=lambda: 1000.0) as simulator:
        simulator.send(a_delivered_sms())
        status, body = await asked(client, simulator, "m-1/simple")
        assert (status, set(body)) == (200, {"error_code", "error_text"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic bm86bm8="},
        {"Authorization": "Bearer bG9naW46cGFzc3dvcmQ="},
        {"Authorization": "Basic"},
    ],
)
async def test_wrong_credentials_are_401_with_an_error_body(headers: dict[str, str]) -> None:
    """Whoever has not the account's login and password learns nothing."""
    async with Simulator(clock=lambda: 2000.0) as simulator, aiohttp.ClientSession(headers=headers) as stranger:
        simulator.send(a_delivered_sms())
        async with stranger.get(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
            assert (response.status, set(await response.json())) == (401, {"error_code", "error_text"})
            assert response.headers["WWW-Authenticate"].startswith("Basic")


async def test_site_has_its_own_path_and_credentials() -> None:
    """A white label's path, client id and credentials replace the defaults."""
    site = HyberSite(client_id="7", username="me", password="пароль", path="/{client_id}/dr")
    headers = {"Authorization": aiohttp.encode_basic_auth("me", "пароль", encoding="utf-8")}
    async with (
        Simulator(hyber=site, clock=lambda: 2000.0) as simulator,
        aiohttp.ClientSession(headers=headers) as owner,
    ):
        simulator.send(a_delivered_sms())
        async with owner.get(f"{simulator.url}/7/dr/m-1/simple") as response:
            assert response.status == 200
        async with owner.get(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
            assert response.status == 404
        assert [lookup.account for lookup in simulator.lookups] == ["hyber/7", ""]


async def test_reports_are_only_to_be_got(client: aiohttp.ClientSession) -> None:
    """Another method than GET is refused."""
    async with Simulator() as simulator, client.post(f"{simulator.url}/1021/api/dr/m-1/simple") as response:
        assert response.status == 405
