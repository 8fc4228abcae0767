"""The answers of drains that a slot has to decide: raw records become responses, responses pages, pages chunks."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relay.contracts.bad_record import BadRecordCode
from relay.core.collecting import DRAINS_REMEMBERED, NoAnswer
from relay.core.model import Report
from relay.slot.codec import UnreadableInternal
from relay.slot.raw import Assembled, Assembly, part_of
from relay.slot.understanding import Answer, Letters, Source, understood

FRAGMENT_SECONDS = 600.0  # how long parts wait for the others: whoever writes them may be waiting for Kafka


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
        self._whole: deque[str] = deque(maxlen=DRAINS_REMEMBERED)  # answers of which nothing more is to come
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
        if part.response_id in self._whole:
            self._assembly.decided((record.offset,))  # stored twice: its other parts won't come again
        elif (whole := self._assembly.put(part, monotonic)) is not None:
            if whole.body is not None:
                self._whole.append(part.response_id)
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
                if answer.response_id in self._whole and not answer.is_settled:
                    self._whole.remove(answer.response_id)
        return chunks

    def clear(self) -> None:
        """Drop everything."""
        for _, task in self._reading:
            task.cancel()
        self._reading.clear()
        self._whole.clear()
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
