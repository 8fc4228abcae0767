"""docs/simulator.md tells what the simulator takes, and what it shows is taken."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from relay.simulator.control import CONTROL_PREFIX, ENDPOINTS
from relay.simulator.faults import FaultKind
from relay.simulator.hyber import HyberSite
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.server import Simulator

PAGE: Final = (Path(__file__).parents[2] / "docs/simulator.md").read_text(encoding="utf-8")


def examples() -> Iterator[tuple[str, str, str | None]]:
    """Give method, path and body of each command of the page."""
    for method, path, body in re.findall(
        r"curl (?:-X (\w+) )?http://127.0.0.1:8090(\S+)(?: -d '(.*?)')?\n", PAGE, re.DOTALL
    ):
        yield method or ("POST" if body else "GET"), path, body or None


@pytest.mark.parametrize(("method", "path", "body"), list(examples()))
async def test_what_the_page_shows_is_taken(method: str, path: str, body: str | None) -> None:
    """A command that is copied from it works."""
    async with Simulator() as simulator, aiohttp.ClientSession() as session:
        answer = await session.request(method, simulator.url + path, data=body)
        assert answer.status in (200, 201), await answer.text()


def test_the_page_names_every_endpoint_fault_and_end() -> None:
    """One that is new is missed here."""
    assert len(list(examples())) == 7
    rows = re.findall(r"^\| `([a-z-]+)` \| ([A-Z]+) \|", PAGE, re.MULTILINE)
    assert set(rows) == {(name, method) for name, methods in ENDPOINTS.items() for method in methods}
    named = set(re.findall(r"`([a-z0-9_]+)`", PAGE))
    assert {*FaultKind, *CallEnd} - named == set()
    voice = InfobipSite().account
    assert {f"hyber/{HyberSite().client_id}", voice, f"{voice}/logs"} <= set(re.findall(r"`([^`\n]+)`", PAGE))


async def test_an_unknown_endpoint_is_answered_with_those_there_are() -> None:
    """Whoever explores finds them without the source."""
    async with Simulator() as simulator, aiohttp.ClientSession() as session:
        answer = await session.get(simulator.url + CONTROL_PREFIX)
        assert answer.status == 404
        assert (await answer.json())["error_text"].startswith("no such endpoint; there are messages (POST), calls (")
