"""What reads bodies, and what makes dead letters, as fakes that note what they were given."""

import asyncio
from dataclasses import dataclass, field

from relay.kafka.records import Outgoing
from relay.lookups.pages import Page, UnreadableReport
from tests.collected import a_voice_report
from tests.slot.stored import Record


def a_page(*names: str, unreadable: tuple[UnreadableReport, ...] = (), broken: bool = False) -> Page:
    """Return a page with a report for each name."""
    reports = tuple(map(a_voice_report, names))
    return Page(reports=reports, unreadable=unreadable, count=len(reports) + len(unreadable), broken=broken)


@dataclass
class FakeSource:
    """Reads every body as the page, or by the script as one report for each word; `held` bodies are slow."""

    page: Page | Exception | None = None
    held: dict[bytes, asyncio.Event] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    async def read(self, body: bytes, content_type: str | None) -> Page:
        """Return the page; it looks at no content type."""
        assert content_type in ("application/json", None)
        self.bodies.append(body)
        if body in self.held:
            await self.held[body].wait()
        if isinstance(self.page, Exception):
            raise self.page
        return self.page or a_page(*body.decode().split())

    def error_in(self, body: bytes) -> str | None:
        """Return the words of an error body."""
        return body.decode().removeprefix("error: ") if body.startswith(b"error: ") else None


@dataclass
class FakeLetters:
    """Makes dead letters that say what they are about."""

    made: list[tuple[int, str, str, tuple[int, bytes] | None]] = field(default_factory=list)

    def __call__(self, record: Record, code: str, why: str, *, element: tuple[int, bytes] | None = None) -> Outgoing:
        """Return a dead letter."""
        self.made.append((record.offset, code, why, element))
        return Outgoing("letters", 0, record.key, record.value if element is None else element[1], [])
