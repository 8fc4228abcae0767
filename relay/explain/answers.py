"""The kept answers of collected accounts: put together from their parts, and those picked that matter."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from relay.core.model import Report
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.names import Names
from relay.lookups.pages import Page, ReadPage
from relay.lookups.reading import NO_CONTENT, Garbled, is_success
from relay.slot.codec import UnreadableInternal
from relay.slot.raw import Assembled, Assembly, Part, part_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A kept answer: `reports` are those that were sought in it, `count` is the whole page's.

    `problem` says what can't be read of it.
    """

    part: Part
    found: Found
    count: int | None = None
    reports: tuple[Report, ...] = ()
    problem: str | None = None


Pick = Callable[[Assembled], Iterator[Answer]]
"""Gives what matters of an answer, or of parts of one whose other parts never came."""


class Answers:
    """Takes raw records in their order; holds only the parts of answers that are not complete yet."""

    def __init__(self, accounts: Collection[str], pick: Pick) -> None:
        self._accounts = accounts
        self._pick = pick
        self._picked: list[Answer] = []
        self._parts = Assembly()
        self._complete: set[str] = set()

    def take(self, found: Found) -> None:
        """Take a part; a repeated one changes nothing, wherever it stands."""
        try:
            part = part_of(found)
        except UnreadableInternal:
            return
        if part.account in self._accounts and part.response_id not in self._complete:
            assembled = self._parts.put(part, 0.0)
            if assembled is not None:
                self._complete.add(part.response_id)
                self._picked.extend(self._pick(assembled))

    def finish(self) -> list[Answer]:
        """Return what was picked; at the end that of answers which lack a part."""
        for fragment in self._parts.overdue(1.0, 0.0):
            self._picked.extend(self._pick(fragment))
        return self._picked


def carrying(candidates: Mapping[str, Candidate], names: Names) -> Pick:
    """Return what picks the answers that carry the message, and those that can't be read and name it."""

    def picked(assembled: Assembled) -> Iterator[Answer]:
        body, account = bytes_of(assembled), assembled.first.account
        read_page = candidates[account].read_page
        if read_page is None or not names.may_name(body):
            return
        named = any(name.encode() in body for name in names.message_ids(account))
        answer, page = read(assembled, read_page)
        if page is None:
            yield from [answer] if named else []
            return
        own = tuple(report for report in page.reports if names.mean(account, report.message_id, None))
        if own:
            yield replace(answer, reports=own)
        for unreadable in page.unreadable:
            if any(name.encode() in unreadable.body for name in names.message_ids(account)):
                yield replace(answer, problem=f"a report that names it can't be read ({unreadable.reason})")

    return picked


def read(assembled: Assembled, read_page: ReadPage) -> tuple[Answer, Page | None]:
    """Read an answer's page; None, and the answer's problem, where that can't be."""
    first = assembled.first
    answer = Answer(part=first, found=first.record)
    if len(assembled.parts) < first.parts:
        problem = f"only {len(assembled.parts)} of its {first.parts} parts are there"
        return replace(answer, problem=problem), None
    if assembled.body is None:
        return replace(answer, problem="it is damaged: its sha256 is another"), None
    if not is_success(first.status):
        return replace(answer, problem="no reports come with this status"), None
    if first.status == NO_CONTENT:
        return replace(answer, count=0), None
    try:
        page = read_page(assembled.body, first.content_type)
    except Garbled:
        return replace(answer, problem="it is no page of reports"), None
    return replace(answer, count=page.count), page


def bytes_of(assembled: Assembled) -> bytes:
    """Return the body, or what is there of it."""
    return assembled.body if assembled.body is not None else b"".join(part.record.value for part in assembled.parts)
