"""Explains what lies on a shelf, as `relay explain` does with Kafka."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import StringIO

from rich.console import Console, RenderableType

from relay.explain.bulk_search import search_bulk
from relay.explain.bulks import BulkExplanation, explained_bulk
from relay.explain.candidates import Candidate
from relay.explain.search import Findings, search
from relay.explain.timeline import Explanation, explained
from relay.providers.account import Account
from relay.providers.hyber import HyberAccount
from tests.builders import after
from tests.explain.shelf import HYBER, VOICE, Shelf
from tests.infobip_pages import ACCOUNT

ACCOUNTS: Mapping[str, Account] = {
    "hyber_main": HyberAccount.model_validate(
        {
            "provider": "hyber",
            "base_url": "https://hyber.example",
            "client_id": "1021",
            "username": "login",
            "password": "password",
        }
    ),
    "voice_eu": ACCOUNT,
}


async def found(
    shelf: Shelf,
    asked: str = "m-1",
    *,
    candidates: Sequence[Candidate] = (HYBER, VOICE),
    one_account: bool = False,
    whole: bool = False,
) -> Findings:
    """Search the shelf."""
    return await search(shelf, candidates, asked, one_account=one_account, whole=whole)


async def told(
    shelf: Shelf,
    asked: str = "m-1",
    *,
    candidates: Sequence[Candidate] = (HYBER, VOICE),
    one_account: bool = False,
    whole: bool = False,
    now: datetime | None = None,
) -> Explanation:
    """Explain a message, a minute after noon."""
    findings = await found(shelf, asked, candidates=candidates, one_account=one_account, whole=whole)
    return explained(findings, candidates, ACCOUNTS, now or after(60))


async def told_bulk(
    shelf: Shelf,
    bulk_id: str = "b-1",
    *,
    candidates: Sequence[Candidate] = (HYBER, VOICE),
    one_account: bool = False,
    whole: bool = False,
) -> BulkExplanation:
    """Explain a bulk, a minute after noon."""
    findings = await search_bulk(shelf, candidates, bulk_id, one_account=one_account, whole=whole)
    return explained_bulk(findings, ACCOUNTS, after(60))


def lines(explanation: Explanation | BulkExplanation) -> list[str]:
    """Give kind and text of each entry."""
    return [f"{entry.kind.value}: {entry.text}" for entry in explanation.entries]


def printed(what: RenderableType) -> list[str]:
    """Give the lines that people see, on a wide screen."""
    screen = StringIO()
    Console(file=screen, width=500).print(what)
    return [line.rstrip() for line in screen.getvalue().splitlines()]
