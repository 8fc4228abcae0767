"""The answers of drains that a slot has to decide: raw records become responses, responses pages, pages chunks."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from relay.contracts.bad_record import BadRecordCode
from relay.core.collecting import AccountItem, Drained, Intent, NoAnswer, Read
from relay.core.model import Report
from relay.kafka.records import Outgoing
from relay.lookups.pages import Page, UnreadableReport
from relay.lookups.reading import Garbled, Sense, is_success, may_have_acted, sense_of
from relay.observe.lines import Line
from relay.slot.codec import UnreadableInternal
from relay.slot.raw import PART_BYTES, Assembled, Assembly, part_of

FRAGMENT_SECONDS = 30.0  # how long parts wait for the others, after the newest came
NO_CONTENT = 204
LETTERS = 1000  # of one page; where more can't be read, the page's own records are the dead letters

log = structlog.get_logger("relay.slot")


class Source(Protocol):
    """What reads an account's bodies."""

    async def read(self, body: bytes, content_type: str | None) -> Page:
        """Return the page, or raise Garbled."""
        ...

    def error_in(self, body: bytes) -> str | None:
        """Return what an error body says; None where it is none."""
        ...


class Letters(Protocol):
    """Makes the dead letter of a raw record, or of an element of it."""

    def __call__(self, record: Any, code: str, why: str, *, element: tuple[int, bytes] | None = None) -> Outgoing:
        """Return the record that carries it; `element` is its number in the page and its own bytes."""
        ...


@dataclass(slots=True, eq=False)
class Answer:
    """A response as it was understood: what it says of the account, its reports, dead letters, its raw offsets."""

    account: str
    response_id: str
    item: AccountItem
    offsets: tuple[int, ...]
    reports: tuple[Report, ...] = ()
    letters: tuple[Outgoing, ...] = ()
    refused: bool = False  # nothing can have been handed out
    held: bool = False
    asked: bool = True  # it was an attempt
    said: str | None = None  # the provider's own words, where it is an error
    intent: Intent | None = None  # whose answer it is, once it is decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """As many of an answer's reports as a turn takes."""

    answer: Answer
    reports: tuple[Report, ...]
    first: bool
    last: bool


class Answers:
    """The raw records of one slot, in the order in which they became whole."""

    def __init__(self, sources: Callable[[str], Source | None], letter: Letters, wake: Callable[[], None]) -> None:
        self._assembly = Assembly()
        self._sources = sources
        self._letter = letter
        self._wake = wake
        self._reading: deque[tuple[str, asyncio.Task[Answer]]] = deque()
        self._at = 0  # how many reports of the first answer were taken

    @property
    def next_offset(self) -> int:
        """The first raw offset that is not decided."""
        return self._assembly.next_offset

    @property
    def bytes(self) -> int:
        """How large what waits to be decided is."""
        return self._assembly.bytes

    @property
    def ripe(self) -> bool:
        """Whether an answer can be decided now."""
        return bool(self._reading) and self._reading[0][1].done()

    def holds(self, response_id: str) -> bool:
        """Tell whether an answer is whole and waits to be decided."""
        return any(name == response_id for name, _ in self._reading)

    def begin(self, offset: int) -> None:
        """Start over at an offset."""
        self.clear()
        self._assembly.begin(offset)

    def receive(self, record: Any, monotonic: float) -> None:
        """Take a raw record."""
        if record.offset < self._assembly.next_fetched:
            return
        self._assembly.note(record)
        try:
            part = part_of(record)
        except UnreadableInternal as error:
            self._pass(record, str(error))
            return
        if (whole := self._assembly.put(part, monotonic)) is not None:
            self._read(whole)

    def give_up_fragments(self, monotonic: float) -> None:
        """Let parts whose others never came become dead letters."""
        for fragment in self._assembly.overdue(monotonic, FRAGMENT_SECONDS):
            self._read(fragment)

    def take(self, limit: int) -> list[Chunk]:
        """Take up to so many reports; an answer's offsets pass with its last chunk."""
        chunks: list[Chunk] = []
        while limit > 0 and self.ripe:
            answer, first = self._reading[0][1].result(), self._at == 0
            reports = answer.reports[self._at : self._at + limit]
            self._at += len(reports)
            limit -= max(1, len(reports))
            last = self._at >= len(answer.reports)
            chunks.append(Chunk(answer=answer, reports=reports, first=first, last=last))
            if last:
                self._reading.popleft()
                self._at = 0
                self._assembly.decided(answer.offsets)
        return chunks

    def clear(self) -> None:
        """Drop everything."""
        for _, task in self._reading:
            task.cancel()
        self._reading.clear()
        self._at = 0

    def _pass(self, record: Any, why: str) -> None:
        """Let a record that is none of ours become a dead letter, in its order."""

        async def letter() -> Answer:
            item = NoAnswer(drain_id="", why="damaged")
            return Answer("", "", item, (record.offset,), letters=(self._letter(record, BadRecordCode.DAMAGED, why),))

        self._add("", letter())

    def _read(self, whole: Assembled) -> None:
        self._add(whole.first.response_id, understood(whole, self._sources(whole.first.account), self._letter))

    def _add(self, name: str, reading: Any) -> None:
        task = asyncio.create_task(reading)
        task.add_done_callback(lambda _: self._wake())
        self._reading.append((name, task))


async def understood(whole: Assembled, source: Source | None, letter: Letters) -> Answer:
    """Return what a response means."""
    first = whole.first

    def refused_whole(code: BadRecordCode, why: str) -> tuple[Outgoing, ...]:
        return tuple(letter(part.record, code, why) for part in whole.parts)

    answer = Answer(first.account, first.response_id, NoAnswer(drain_id=first.response_id, why=""), whole.offsets)
    if whole.body is None:
        answer.item = NoAnswer(drain_id=first.response_id, why="incomplete")
        answer.letters = refused_whole(BadRecordCode.DAMAGED, "parts of the body are missing or are not what was sent")
        return answer
    drained = Drained(drain_id=first.response_id, answered_at=first.answered_at, status=first.status)
    answer.item = Read(drained=drained)
    if not is_success(first.status):
        sense = sense_of(first.status)
        answer.held = sense is Sense.REFUSED
        answer.asked = sense is not Sense.THROTTLED  # one that is turned away hasn't been asked
        answer.said = source.error_in(whole.body) if source is not None else None
        answer.refused = not may_have_acted(first.status)
        if not answer.refused:
            answer.item = Read(drained=drained, lost=f"status_{first.status}")
        return answer
    if source is None:
        why = "account: not configured any more: configure it again, then send these bytes again"
        answer.letters = refused_whole(BadRecordCode.UNKNOWN_ACCOUNT, why)
        return answer
    if first.status == NO_CONTENT:
        return answer
    try:
        page = await source.read(whole.body, first.content_type)
    except Exception as error:  # an answer that nobody can read must not stand in the way of the next
        if not isinstance(error, Garbled):
            log.exception(Line.DRAIN_FAILED, account=first.account, why="unexpected", error=type(error).__name__)
        answer.item = Read(drained=drained, lost="garbled")
        why = str(error) if isinstance(error, Garbled) else "the body can't be read"
        answer.letters = refused_whole(BadRecordCode.UNREADABLE_REPORT, why)
        return answer
    return _with_page(answer, drained, page, whole, letter)


def _with_page(answer: Answer, drained: Drained, page: Page, whole: Assembled, letter: Letters) -> Answer:
    answer.reports = page.reports
    counted = Drained(
        drain_id=drained.drain_id,
        answered_at=drained.answered_at,
        status=drained.status,
        reports=len(page.reports),
        count=page.count,
    )
    answer.item = Read(drained=counted, lost="broken" if page.broken else None)
    if len(page.unreadable) > LETTERS or sum(len(element.body) for element in page.unreadable) > PART_BYTES:
        answer.letters = tuple(
            letter(part.record, BadRecordCode.UNREADABLE_REPORT, page.unreadable[-1].reason) for part in whole.parts
        )
    else:
        answer.letters = tuple(map(_lettered(whole, letter), enumerate(page.unreadable)))
    return answer


def _lettered(whole: Assembled, letter: Letters) -> Callable[[tuple[int, UnreadableReport]], Outgoing]:
    def made(numbered: tuple[int, UnreadableReport]) -> Outgoing:
        number, element = numbered
        code = BadRecordCode.UNREADABLE_REPORT
        return letter(whole.first.record, code, element.reason, element=(number, element.body))

    return made
