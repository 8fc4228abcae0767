"""Builders and questions of the tests of the simulated Infobip."""

import xml.etree.ElementTree as ET  # what the simulator itself wrote
from typing import Any

import aiohttp
from yarl import URL

from relay.simulator.infobip_calls import CallEnd, Ending, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.server import Simulator

NOW = 2000.0
REPORTS = "/tts/3/reports"
LOGS = "/tts/3/logs"


def a_call(message_id: str = "c-1", *endings: Ending, sent_at: float = 1000.0, **options: Any) -> VoiceCall:
    """Build a call that was answered long ago unless other endings are given."""
    script = endings or (ended(20, CallEnd.ANSWERED),)
    return VoiceCall(message_id=message_id, sent_at=sent_at, endings=script, **options)


def a_simulator(*calls: VoiceCall, **options: Any) -> Simulator:
    """Make a simulator that was given calls and whose clock stands at `NOW`."""
    simulator = Simulator(**{"clock": lambda: NOW, **options})
    simulator.send_calls(calls)
    return simulator


async def got(
    client: aiohttp.ClientSession, simulator: Simulator, path: str = REPORTS, **headers: str
) -> tuple[int, Any]:
    """Ask and give status and decoded JSON."""
    async with client.get(URL(f"{simulator.url}{path}", encoded=True), headers=headers) as response:
        assert response.headers["Content-Type"] == "application/json"
        return response.status, await response.json()


async def got_xml(client: aiohttp.ClientSession, simulator: Simulator, path: str = REPORTS) -> tuple[int, ET.Element]:
    """Ask for XML and give status and root element."""
    async with client.get(f"{simulator.url}{path}", headers={"Accept": "application/xml"}) as response:
        assert response.headers["Content-Type"] == "application/xml"
        return response.status, ET.fromstring(await response.read())  # noqa: S314 - the simulator's own


async def ids(client: aiohttp.ClientSession, simulator: Simulator, path: str = REPORTS) -> list[str]:
    """Ask and give the message ids of the reports, in order."""
    status, body = await got(client, simulator, path)
    assert status == 200, body
    return [report["messageId"] for report in body["results"]]
