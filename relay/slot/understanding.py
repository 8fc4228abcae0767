"""What a stored answer means: for its account, the reports it holds, and what of it becomes dead letters."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from relay.contracts.bad_record import BadRecordCode
from relay.core.collecting import AccountItem, Drained, Intent, NoAnswer, Read, Wish
from relay.core.model import Report
from relay.kafka.records import Outgoing
from relay.lookups.pages import Page, UnreadableReport
from relay.lookups.reading import NO_CONTENT, Garbled, Sense, is_success, may_have_acted, sense_of
from relay.observe.lines import Line
from relay.slot.raw import PART_BYTES, Assembled

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
    traceparent: str | None = None  # of the drain
    intent: Intent | None = None  # whose answer it is, once it is decided
    fulfilled: dict[bytes, Wish] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether its records need no second reading: what became dead letters alone may be sent again."""
        return bool(self.response_id) and bool(self.reports or not self.letters)


async def understood(whole: Assembled, source: Source | None, letter: Letters) -> Answer:
    """Return what an answer means."""
    first, body = whole.first, whole.body
    answer = Answer(first.account, first.response_id, NoAnswer(drain_id=first.response_id, why=""), whole.offsets)
    answer.traceparent = first.traceparent
    if body is None:
        answer.item = NoAnswer(drain_id=first.response_id, why="incomplete")
        why = "parts of the body are missing or are not what was sent"
        answer.letters = _letters_of_all(whole, letter, BadRecordCode.DAMAGED, why)
        return answer
    drained = Drained(drain_id=first.response_id, answered_at=first.answered_at, status=first.status)
    answer.item = Read(drained=drained, lost=first.cut)
    if not is_success(first.status):
        _not_a_page(answer, drained, source.error_in(body) if source is not None else None)
    elif source is None:
        answer.item = Read(drained=drained, lost=first.cut or "not_configured")  # a gap, for who knows the account
        why = "account: not configured any more: configure it again, then send these bytes again"
        answer.letters = _letters_of_all(whole, letter, BadRecordCode.UNKNOWN_ACCOUNT, why)
    elif first.status != NO_CONTENT:
        await _read(answer, drained, source, whole, letter)
    return answer


def _not_a_page(answer: Answer, drained: Drained, said: str | None) -> None:
    sense = sense_of(drained.status)
    answer.held = sense is Sense.REFUSED
    answer.asked = sense is not Sense.THROTTLED  # one that is turned away hasn't been asked
    answer.said = said
    answer.refused = not may_have_acted(drained.status)
    if not answer.refused:
        answer.item = Read(drained=drained, lost=f"status_{drained.status}")


async def _read(answer: Answer, drained: Drained, source: Source, whole: Assembled, letter: Letters) -> None:
    """Read the body. One that broke off makes no dead letters: it stays as it came, and a gap tells of the rest."""
    first = whole.first
    try:
        page = await source.read(whole.body or b"", first.content_type)
    except Exception as error:  # an answer that nobody can read must not stand in the way of the next
        if not isinstance(error, Garbled):
            log.exception(Line.DRAIN_FAILED, account=first.account, why="unexpected", error=type(error).__name__)
        answer.item = Read(drained=drained, lost=first.cut or "garbled")
        if first.cut is None:
            why = str(error) if isinstance(error, Garbled) else "the body can't be read"
            answer.letters = _letters_of_all(whole, letter, BadRecordCode.UNREADABLE_REPORT, why)
        return
    counted = replace(drained, reports=len(page.reports), count=page.count)
    answer.reports = page.reports
    answer.item = Read(drained=counted, lost=first.cut or ("broken" if page.broken else None))
    if first.cut is None:
        answer.letters = _letters_of_elements(page, whole, letter)


def _letters_of_all(whole: Assembled, letter: Letters, code: BadRecordCode, why: str) -> tuple[Outgoing, ...]:
    return tuple(letter(part.record, code, why) for part in whole.parts)


def _letters_of_elements(page: Page, whole: Assembled, letter: Letters) -> tuple[Outgoing, ...]:
    """Return a dead letter for each element that can't be read; of the whole page where they are too many or large."""
    code = BadRecordCode.UNREADABLE_REPORT
    if len(page.unreadable) > LETTERS or sum(len(element.body) for element in page.unreadable) > PART_BYTES:
        return _letters_of_all(whole, letter, code, page.unreadable[-1].reason)

    def lettered(number: int, element: UnreadableReport) -> Outgoing:
        return letter(whole.first.record, code, element.reason, element=(number, element.body))

    return tuple(lettered(number, element) for number, element in enumerate(page.unreadable))
