"""The kept answers of collected accounts: put together from their parts, and those picked that carry the message."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from relay.core.model import Report
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.names import Names
from relay.lookups.reading import Garbled
from relay.slot.codec import UnreadableInternal
from relay.slot.raw import Assembled, Assembly, Part, part_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that carries the message: `reports` are the message's own, `count` is the whole page's.

    `problem` says what can't be read of it.
    """

    part: Part
    found: Found
    count: int | None = None
    reports: tuple[Report, ...] = ()
    problem: str | None = None


class Answers:
    """Takes raw records in their order; holds only the parts of answers that are not complete yet."""

    def __init__(self, candidates: Mapping[str, Candidate], names: Names) -> None:
        self._candidates = candidates
        self._names = names
        self._carrying: list[Answer] = []
        self._parts = Assembly()
        self._complete: set[str] = set()

    def take(self, found: Found) -> None:
        """Take a part; a repeated one changes nothing, wherever it stands."""
        try:
            part = part_of(found)
        except UnreadableInternal:
            return
        if part.account in self._candidates and part.response_id not in self._complete:
            assembled = self._parts.put(part, 0.0)
            if assembled is not None:
                self._complete.add(part.response_id)
                self._read(assembled)

    def finish(self) -> list[Answer]:
        """Return the answers that carry the message; at the end those that lack a part, where another one names it."""
        for fragment in self._parts.overdue(1.0, 0.0):
            problem = f"only {len(fragment.parts)} of its {fragment.first.parts} parts are there"
            self._blame(_answer(fragment), _bytes_of(fragment), problem)
        return self._carrying

    def _read(self, assembled: Assembled) -> None:
        answer, body = _answer(assembled), _bytes_of(assembled)
        read_page = self._candidates[answer.part.account].read_page
        if read_page is None or not self._names.may_name(body):
            return
        if assembled.body is None:
            self._blame(answer, body, "it is damaged: its sha256 is another")
            return
        try:
            page = read_page(body, answer.part.content_type)
        except Garbled:
            self._blame(answer, body, "it is no page of reports")
            return
        whole = replace(answer, count=page.count)
        own = tuple(report for report in page.reports if self._names.mean(answer.part.account, report.message_id, None))
        if own:
            self._carrying.append(replace(whole, reports=own))
        for unreadable in page.unreadable:
            self._blame(whole, unreadable.body, f"a report that names it can't be read ({unreadable.reason})")

    def _blame(self, answer: Answer, body: bytes, problem: str) -> None:
        if any(name.encode() in body for name in self._names.message_ids(answer.part.account)):
            self._carrying.append(replace(answer, problem=problem))


def _answer(assembled: Assembled) -> Answer:
    return Answer(part=assembled.first, found=assembled.first.record)


def _bytes_of(assembled: Assembled) -> bytes:
    return assembled.body if assembled.body is not None else b"".join(part.record.value for part in assembled.parts)
