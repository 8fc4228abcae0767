"""The simulated Infobip over HTTP: each report once, filters, limits, credentials and errors."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from relay.simulator.lookups import Call
from tests.simulator.calling import NOW, a_call, a_simulator, got, got_xml, ids


async def test_a_report_is_handed_out_once(client: aiohttp.ClientSession) -> None:
    """The second reader gets an ordinary answer with an empty collection."""
    async with a_simulator(a_call()) as simulator:
        assert await ids(client, simulator) == ["c-1"]
        assert await got(client, simulator) == (200, {"results": []})
        status, root = await got_xml(client, simulator)
        assert (status, root.tag, [child.tag for child in root], len(root[0])) == (
            200,
            "reportResponse",
            ["results"],
            0,
        )


async def test_readers_at_once_share_the_reports(client: aiohttp.ClientSession) -> None:
    """Of many drains together each report goes to one, and the most in flight is known for the account."""
    async with a_simulator(*(a_call(f"c-{number}") for number in range(500)), latency_seconds=0.05) as simulator:
        pages = await asyncio.gather(*(ids(client, simulator) for _ in range(12)))
        read = [message_id for page in pages for message_id in page]
        assert sorted(map(len, pages)) == [0, 0, *[50] * 10]
        assert len(set(read)) == len(read) == 500
        assert simulator.stats().max_in_flight_by_account["infobip/login"] > 1
        assert simulator.unread() == 0


async def test_oldest_reports_come_first_and_fifty_unless_a_limit_is_given(client: aiohttp.ClientSession) -> None:
    """Reports come in the order in which calls ended, at most as many as asked for."""
    calls = [a_call(f"c-{number}", sent_at=1000.0 - number) for number in range(130)]
    async with a_simulator(*calls) as simulator:
        assert await ids(client, simulator) == [f"c-{number}" for number in range(129, 79, -1)]
        assert await ids(client, simulator, "/tts/3/reports?limit=2") == ["c-79", "c-78"]
        assert len(await ids(client, simulator, "/tts/3/reports?limit=1000")) == 78


async def test_filters_hand_out_only_what_they_name(client: aiohttp.ClientSession) -> None:
    """`bulkId`, `messageId` and both leave all other reports unread."""
    calls = [a_call("a", bulk_id="b-1"), a_call("b", bulk_id="b-1"), a_call("c", bulk_id="b-2"), a_call("d")]
    async with a_simulator(*calls) as simulator:
        assert await ids(client, simulator, "/tts/3/reports?bulkId=b-2&messageId=a") == []
        assert await ids(client, simulator, "/tts/3/reports?bulkId=b-1&messageId=a") == ["a"]
        assert await ids(client, simulator, "/tts/3/reports?bulkId=b-1") == ["b"]
        assert await ids(client, simulator, "/tts/3/reports?messageId=d") == ["d"]
        assert await ids(client, simulator) == ["c"]


async def test_a_report_is_there_when_its_call_has_ended(client: aiohttp.ClientSession) -> None:
    """Before the end there is nothing; the speed divides the life of the call."""
    instants = [1000.0]
    async with a_simulator(a_call(), clock=lambda: instants[0], speed=10) as simulator:
        instants[0] = 1001.99
        assert await ids(client, simulator) == []
        instants[0] = 1002.0
        assert simulator.unread() == 1
        assert await ids(client, simulator) == ["c-1"]


async def test_a_later_status_is_a_second_report(client: aiohttp.ClientSession) -> None:
    """A call that is corrected has a second report with another status, once, and its truth tells both."""
    instants = [1100.0]
    endings = (ended(60, CallEnd.NO_ANSWER), ended(300, CallEnd.ANSWERED))
    async with a_simulator(a_call("c-1", *endings), clock=lambda: instants[0]) as simulator:
        _, first = await got(client, simulator)
        assert await ids(client, simulator) == []
        instants[0] = 1300.0
        _, second = await got(client, simulator)
        assert await ids(client, simulator) == []
        assert [body["results"][0]["status"]["id"] for body in (first, second)] == [15, 5]
        assert simulator.knew_at("c-1") == {"failed": 1060.0, "delivered": 1300.0, "answered": 1300.0}
        assert simulator.call_truth()["c-1"].outcome == "delivered"


async def test_both_documented_paths_and_the_sites_own_share_the_unread(client: aiohttp.ClientSession) -> None:
    """What one path handed out the others don't; each has its shape."""
    site = InfobipSite(path="/voice/white-label")
    async with a_simulator(*(a_call(name) for name in "abcd"), infobip=site) as simulator:
        for path, nested in (("/tts/3/reports", False), ("/voice/1/reports", True), ("/voice/white-label", True)):
            _, body = await got(client, simulator, f"{path}?limit=1")
            assert ("voiceCall" in body["results"][0]) is nested
        assert await ids(client, simulator) == ["d"]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "ten", "1.5", "9" * 5000, "%D9%A3"])
async def test_an_impossible_limit_is_400_and_consumes_nothing(client: aiohttp.ClientSession, limit: str) -> None:
    """The error body names the parameter, and the report stays unread."""
    async with a_simulator(a_call()) as simulator:
        status, body = await got(client, simulator, f"/tts/3/reports?limit={limit}")
        exception = body["requestError"]["serviceException"]
        assert (status, exception["messageId"]) == (400, "BAD_REQUEST")
        assert list(exception["validationErrors"]) == ["limit"]
        assert await ids(client, simulator) == ["c-1"]


CREDENTIALS = {"api_key": "k3y", "username": "me", "password": "пароль"}
BASIC = aiohttp.encode_basic_auth("me", "пароль", encoding="utf-8")
UNAUTHORIZED = {"requestError": {"serviceException": {"messageId": "UNAUTHORIZED", "text": "Invalid login details"}}}


@pytest.mark.parametrize(("auth", "header"), [("basic", BASIC), ("app", "App k3y"), ("bearer", "Bearer k3y")])
async def test_only_the_accounts_own_scheme_and_secret_are_let_in(auth: Any, header: str) -> None:
    """Other schemes, wrong secrets and none get the documented 401 at both endpoints, and consume nothing."""
    site = InfobipSite(auth=auth, **CREDENTIALS)  # type: ignore[arg-type]  # a dictionary of three strings
    async with a_simulator(a_call(), infobip=site) as simulator, aiohttp.ClientSession() as stranger:
        for path in ("/tts/3/reports", "/voice/1/reports", "/tts/3/logs"):
            assert await got(stranger, simulator, path) == (401, UNAUTHORIZED)
            for wrong in {BASIC, "App k3y", "Bearer k3y", "App other", f"{header}x", "App"} - {header}:
                assert await got(stranger, simulator, path, Authorization=wrong) == (401, UNAUTHORIZED)
        status, body = await got(stranger, simulator, Authorization=header)
        assert (status, len(body["results"])) == (200, 1)


async def test_errors_come_in_xml_to_who_accepts_xml() -> None:
    """The root of an error in XML is ApiException."""
    async with a_simulator() as simulator, aiohttp.ClientSession() as stranger:
        status, root = await got_xml(stranger, simulator)
        assert (status, root.tag) == (401, "ApiException")
        assert root.findtext("requestError/serviceException/messageId") == "UNAUTHORIZED"


async def test_reports_are_only_to_be_got(client: aiohttp.ClientSession) -> None:
    """Another method than GET is refused and consumes nothing."""
    async with a_simulator(a_call()) as simulator:
        async with client.post(f"{simulator.url}/tts/3/reports") as response:
            assert response.status == 405
        assert simulator.unread() == 1


async def test_truth_tells_which_response_handed_a_report_out(client: aiohttp.ClientSession) -> None:
    """Every report is listed in order with its drain, its codes and the instants; empty drains have no number."""
    async with a_simulator(a_call("a", bulk_id="b"), a_call("c")) as simulator:
        for _ in range(3):
            await got(client, simulator, "/tts/3/reports?limit=1")
        first, second = simulator.handed_out()
        assert (first.message_id, first.bulk_id, first.drain, first.cut) == ("a", "b", 1, False)
        assert (first.status_id, first.error_id) == (5, 5000)
        assert (first.sent_at, first.done_at, first.handed_out_at) == (1000.0, 1020.0, NOW)
        assert first.in_log_until == 1000.0 + 48 * 3600
        assert (second.message_id, second.drain, second.fault) == ("c", 2, None)


def test_fifty_thousand_unread_reports_are_paged_without_delay() -> None:
    """The ledger alone gives fifty pages of a thousand, each report once, and single ones as fast from a long queue."""
    simulator = a_simulator(*(a_call(f"c-{number}") for number in range(50_000)))
    assert simulator.unread() == 50_000
    site = simulator._infobip
    call = Call(
        method="GET",
        path="/tts/3/reports",
        query="limit=1000",
        headers={"Authorization": InfobipSite().authorization},
    )
    started = time.process_time()
    for _ in range(50):
        lookup = site.lookup(call)
        assert lookup is not None
        assert lookup.respond(NOW).status == 200
    assert time.process_time() - started < 10
    assert len({report.message_id for report in simulator.handed_out()}) == 50_000
