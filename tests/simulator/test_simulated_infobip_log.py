"""The simulated Infobip's log: read again and again, its window, filters, limit and requests a minute."""

from typing import Final
from urllib.parse import quote

import aiohttp
import pytest

from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.simulator.calling import LOGS, NOW, a_call, a_simulator, got, got_xml, ids

HOUR: Final = 3600.0


async def test_the_log_is_read_again_and_consumes_nothing(client: aiohttp.ClientSession) -> None:
    """Entries stay, before and after the report was handed out."""
    async with a_simulator(a_call()) as simulator:
        assert await ids(client, simulator, LOGS) == ["c-1"]
        assert await ids(client, simulator) == ["c-1"]
        assert await ids(client, simulator, LOGS) == ["c-1"]
        _, root = await got_xml(client, simulator, LOGS)
        assert (root.tag, root.findtext("results/result/messageId")) == ("voiceLogsResponse", "c-1")
        assert len(simulator.handed_out()) == 1


async def test_the_log_tells_of_pending_calls_and_then_the_newest_status(client: aiohttp.ClientSession) -> None:
    """A call is in the log from its sending on; what a later status replaced can't be read any more."""
    instants = [1000.0]
    endings = (ended(60, CallEnd.NO_ANSWER), ended(300, CallEnd.ANSWERED))
    async with a_simulator(a_call("c-1", *endings), clock=lambda: instants[0]) as simulator:
        said = []
        for instants[0] in (999.0, 1000.0, 1060.0, 1300.0):
            _, body = await got(client, simulator, LOGS)
            said.append([(entry["status"]["id"], entry["doneAt"] is None) for entry in body["results"]])
        assert said == [[], [(7, True)], [(15, False)], [(5, False)]]
        await got(client, simulator)
        assert [report.in_log_until for report in simulator.handed_out()] == [1300.0, 1000.0 + 48 * HOUR]


async def test_the_log_forgets_after_48_hours_of_the_clock_whatever_the_speed(client: aiohttp.ClientSession) -> None:
    """The window counts from sending and is not divided by the speed."""
    instants = [1000.0 + 48 * HOUR]
    async with a_simulator(a_call(), clock=lambda: instants[0], speed=1000) as simulator:
        assert await ids(client, simulator, LOGS) == ["c-1"]
        instants[0] += 0.01
        assert await ids(client, simulator, LOGS) == []
        assert await ids(client, simulator, f"{LOGS}?messageId=c-1&sentSince=1970-01-01T00:00:00Z") == []
        assert await ids(client, simulator) == ["c-1"]


async def test_latest_sent_come_first_and_fifty_unless_a_limit_is_given(client: aiohttp.ClientSession) -> None:
    """Beyond the limit older calls are cut off, for the log has no pages."""
    async with a_simulator(*(a_call(f"c-{number}", sent_at=500.0 + number) for number in range(120))) as simulator:
        assert await ids(client, simulator, LOGS) == [f"c-{number}" for number in range(119, 69, -1)]
        assert await ids(client, simulator, f"{LOGS}?limit=2") == ["c-119", "c-118"]
        assert len(await ids(client, simulator, f"{LOGS}?limit=1000")) == 120
        assert (await got(client, simulator, f"{LOGS}?limit=1001"))[0] == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("messageId=a", ["a"]),
        ("messageId=a&messageId=c&messageId=zzz", ["c", "a"]),
        ("bulkId=b-1", ["b", "a"]),
        ("bulkId=b-1&bulkId=b-2", ["c", "b", "a"]),
        ("bulkId=b-1&messageId=c", []),
        ("to=380671", ["b"]),
        ("from=44111&limit=1", ["d"]),
        ("generalStatus=EXPIRED", ["c"]),
        (f"sentSince={quote('1970-01-01T00:16:42.000+0000')}", ["d", "c"]),
        ("sentSince=1970-01-01T00:16:42Z&sentUntil=1970-01-01T00:16:42.500Z", ["c"]),
        ("sentUntil=1970-01-01T00:16:40", ["a"]),
    ],
)
async def test_filters_of_the_log(client: aiohttp.ClientSession, query: str, found: list[str]) -> None:
    """Ids (repeated for more than one), numbers, status and instants of sending choose the entries."""
    calls = [
        a_call("a", bulk_id="b-1"),
        a_call("b", bulk_id="b-1", phone_number="380671", sent_at=1001.0),
        a_call("c", ended(20, CallEnd.NO_ANSWER), bulk_id="b-2", sent_at=1002.0),
        a_call("d", caller="44111", sent_at=1003.0),
    ]
    async with a_simulator(*calls) as simulator:
        assert await ids(client, simulator, f"{LOGS}?{query}") == found


async def test_an_offset_whose_plus_was_not_encoded_is_400(client: aiohttp.ClientSession) -> None:
    """A bare plus is a blank in a query, and the error names the parameter."""
    async with a_simulator(a_call()) as simulator:
        status, body = await got(client, simulator, f"{LOGS}?sentSince=1970-01-01T00:00:00.000+0000")
        assert (status, list(body["requestError"]["serviceException"]["validationErrors"])) == (400, ["sentSince"])


async def test_more_than_120_requests_within_a_minute_are_429(client: aiohttp.ClientSession) -> None:
    """The documented limit is of the log alone and slides with the clock."""
    instants = [NOW]
    async with a_simulator(a_call(), clock=lambda: instants[0]) as simulator:
        statuses = [(await got(client, simulator, LOGS))[0] for _ in range(121)]
        assert statuses == [*[200] * 120, 429]
        assert await ids(client, simulator) == ["c-1"]
        instants[0] += 59.9
        status, body = await got(client, simulator, LOGS)
        assert (status, body["requestError"]["serviceException"]["messageId"]) == (429, "TOO_MANY_REQUESTS")
        instants[0] += 0.2
        assert (await got(client, simulator, LOGS))[0] == 200
        assert simulator.stats().max_per_minute == {"infobip/login/logs": 123, "infobip/login": 1}


async def test_the_log_can_be_switched_off(client: aiohttp.ClientSession) -> None:
    """A site without a log path has none."""
    async with (
        a_simulator(infobip=InfobipSite(logs_path="")) as simulator,
        client.get(simulator.url + LOGS) as response,
    ):
        assert response.status == 404
