"""A log whose lookups run for a while, with answers that are words."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from structlog.testing import capture_logs

from relay.core.items import Item
from relay.core.schedule import Urgency
from relay.lookups.door import Door
from relay.lookups.gate import Gate
from relay.lookups.http import HttpRequest, HttpResponse
from relay.lookups.log import LogLookups
from relay.lookups.pages import Page, UnreadableReport
from relay.lookups.reading import Garbled
from relay.observe.metrics import Metrics
from relay.providers.infobip_voice.request import log_request
from tests.collected import a_voice_report
from tests.infobip_pages import an_account
from tests.lookups.asking import FakeHttp, FakeSlot

UNREADABLE = (UnreadableReport(body=b"{}", reason="field status: missing"),)


def read_words(body: bytes, _content_type: str | None) -> Page:
    """Return a page with a report for each word; a question mark is what can't be read, a bang where it breaks off."""
    if body.startswith(b"bug"):
        raise RuntimeError("nobody foresaw it")
    if body.startswith(b"<"):
        raise Garbled("no words")
    words = body.decode().split()
    reports = tuple(a_voice_report(word) for word in words if word not in "?!")
    unreadable = UNREADABLE * (len(words) - len(reports))
    return Page(reports=reports, unreadable=unreadable, count=len(words), broken="!" in words)


@dataclass
class Driven:
    """A log whose lookups run."""

    http: FakeHttp
    lookups: LogLookups
    slot: FakeSlot = field(default_factory=FakeSlot)

    def ask(self, *names: str, urgency: Urgency = Urgency.PENDING, due: float = 0.0) -> None:
        """Queue lookups."""
        for name in names:
            self.lookups.ask(self.slot, name.encode(), due=due, urgency=urgency)

    def asked(self) -> list[list[str]]:
        """Return the ids of each request."""
        return [parse_qs(urlsplit(path).query).get("messageId", []) for path in self.http.paths]

    def items(self, name: str) -> list[Item]:
        """Return what was told of a message."""
        return [item for key, item in self.slot.items if key == name]


@asynccontextmanager
async def a_log(*script: HttpResponse | Exception, logs_path: str = "/tts/3/logs") -> AsyncIterator[Driven]:
    """Run an account's lookups in the log for a while; it answers with the script, then with nothing."""
    account, http = an_account(logs_path=logs_path), FakeHttp(deque(script))

    def to_request(**wanted: object) -> HttpRequest | None:
        return log_request(account, **wanted)  # type: ignore[arg-type]  # as its seam passes them

    lookups = LogLookups(
        "voice_eu",
        door=Door("voice_eu/log", http=http, gate=Gate(), metrics=Metrics("1.0")),
        rate_per_second=100.0,
        to_request=to_request,
        read_page=read_words,
        metrics=Metrics("1.0"),
    )
    running = asyncio.create_task(lookups.run())
    try:
        with capture_logs():
            yield Driven(http, lookups)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def page(*words: str) -> HttpResponse:
    """Return a page of the log."""
    return HttpResponse(200, " ".join(words).encode())
