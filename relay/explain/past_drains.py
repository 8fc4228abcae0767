"""The newest drains of a collected account with what came of each, and why it is paused, if kept answers tell so."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from relay.core.collecting import AccountState, Drained, Intent
from relay.core.model import Json
from relay.explain.answers import Answer, Answers, read
from relay.explain.candidates import Candidate
from relay.explain.drains import ids_in_filter, words_of
from relay.explain.entries import Entry, Found, Kind, counted, joined, shown
from relay.explain.reading import Reads
from relay.explain.windows import Window
from relay.kafka.partitions import partition_of
from relay.lookups.gate import LONGEST_THROTTLED_SECONDS, REFUSED_SECONDS
from relay.lookups.reading import Sense, retry_after_seconds, sense_of
from relay.slot.keys import account_shard_key
from relay.slot.raw import Assembled

SHOWN: Final = 5


@dataclass(slots=True, kw_only=True)
class Pause:
    """The newest answers of an account, so many in a row, turned us away; `until`: so long the provider ordered."""

    sense: Sense
    status: int
    since: datetime
    last_at: datetime
    until: datetime | None
    answers: int

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        return {
            "reason": self.sense.value,
            "status": self.status,
            "since": shown(self.since),
            "last_at": shown(self.last_at),
            "until": shown(self.until),
            "answers": self.answers,
        }

    def sentence(self, now: datetime) -> str:
        """Say it."""
        row = counted(self.answers, "answer")
        since = f"HTTP {self.status} since {shown(self.since)} ({row}, the last at {shown(self.last_at)})"
        match self.sense:
            case Sense.REFUSED:
                said = f"the provider refuses the credentials: {since}"
                return f"{said}; asked again every {REFUSED_SECONDS:g} s, and nothing expires meanwhile"
            case Sense.THROTTLED if self.until is not None:
                until = (
                    f"paused until {shown(self.until)}" if self.until > now else f"was paused until {shown(self.until)}"
                )
                return f"the provider asks to wait: {since}; {until}"
            case Sense.THROTTLED:
                return f"the provider asks to wait, and not how long: {since}; asked less and less often"
            case _:
                return f"the provider can't answer: {since}; asked less and less often"


@dataclass(slots=True, kw_only=True)
class PastDrains:
    """What is known of the newest drains: intents and why they brought nothing, as stored; and the kept answers."""

    intents: dict[str, Intent] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    last: Drained | None = None
    answers: list[Answer] = field(default_factory=list)
    pause: Pause | None = None

    def take(self, state: AccountState) -> None:
        """Take a record of the account's state; each intent is in one of its own, until the topic is compacted."""
        self.last = state.last
        if state.intent is not None:
            self.intents[state.intent.drain_id] = state.intent
        for gap in state.gaps:
            self.unanswered |= {drain_id: gap.why for drain_id in gap.drains[-1:] if drain_id in self.intents}
        for drain_id in list(self.intents)[: -SHOWN - 1]:
            del self.intents[drain_id]
            self.unanswered.pop(drain_id, None)

    async def read_answers(self, reads: Reads, candidate: Candidate) -> None:
        """Read the kept answers, no further back than the newest few lie, and a pause began."""
        count = reads.partitions("raw")
        if self.last is None or not count:
            return
        place = "raw", partition_of(account_shard_key(candidate.name), count)
        since = min([self.last.answered_at, *(intent.intended_at for intent in self.intents.values())])
        for window in Window(since=since).wider():
            newest = _Newest(candidate)
            answers = Answers({candidate.name}, newest.pick)
            await reads.read({place}, answers.take, window=window)
            answers.finish()
            self.answers, self.pause = list(newest.read()), newest.pause
            if newest.suffices:
                return

    def entries(self, account: str, found: Found, current: str | None) -> Iterator[Entry]:
        """Tell of each drain but the current one, the newest few."""
        told = [*self._answered(account), *self._without_answer(account, found, current)]
        yield from sorted(told, key=lambda entry: str(shown(entry.at)))[-SHOWN:]

    def sentences(self, now: datetime) -> Iterator[str]:
        """Say why the account is paused, as far as its newest drains tell."""
        if self.pause is not None:
            yield self.pause.sentence(now)
        silent = [
            why
            for drain_id, why in self.unanswered.items()
            if self.last is None or self.intents[drain_id].intended_at > self.last.answered_at
        ]
        if silent:
            yield f"the newest drains brought no answer ({silent[-1]}): asked less and less often"

    def _answered(self, account: str) -> Iterator[Entry]:
        for answer in self.answers:
            part = answer.part
            details = {
                "asked_at": shown(part.asked_at),
                "answered_at": shown(part.answered_at),
                "status": part.status,
                "retry_after": part.retry_after,
                "url": part.url,
                "reports": answer.count,
            }
            yield self._entry(account, answer.found, part.response_id, _outcome(answer), details, part.answered_at)

    def _without_answer(self, account: str, found: Found, current: str | None) -> Iterator[Entry]:
        kept = {answer.part.response_id for answer in self.answers}
        if (last := self.last) is not None and last.drain_id not in kept:
            kept.add(last.drain_id)
            details = {"asked_at": None, "answered_at": shown(last.answered_at), "status": last.status}
            details["reports"] = last.count
            yield self._entry(
                account, found, last.drain_id, "its answer is not kept any more", details, last.answered_at
            )
        for drain_id, intent in self.intents.items():
            if drain_id in kept or drain_id == current:
                continue
            details = {"asked_at": shown(intent.intended_at), "answered_at": None, "status": None}
            why = self.unanswered.get(drain_id)
            outcome = f"no answer ({why})" if why else "no answer is kept"
            yield self._entry(account, found, drain_id, outcome, details, intent.intended_at)

    def _entry(self, account: str, found: Found, drain_id: str, outcome: str, details: Json, at: datetime) -> Entry:
        intent = self.intents.get(drain_id)
        asked_for = None if intent is None else f"of {words_of(intent.filter)}"
        answer = None if details["status"] is None else f"HTTP {details['status']}"
        reports = details.get("reports")
        return Entry(
            at=at,
            kind=Kind.DRAIN,
            account=account,
            text=joined(
                " ".join(filter(None, ["drain", drain_id, asked_for]))
                + ": "
                + ", ".join(filter(None, [answer, outcome])),
                None if reports is None else counted(reports, "report"),
                f"Retry-After {details['retry_after']}" if details.get("retry_after") else None,
            ),
            details={
                "drain_id": drain_id,
                **({} if intent is None else ids_in_filter(intent.filter)),
                **details,
                "outcome": outcome,
            },
            found=found,
        )


def _outcome(answer: Answer) -> str:
    if answer.part.cut:
        return f"broke off ({answer.part.cut})"
    sense = sense_of(answer.part.status)
    return sense.value if sense is not Sense.READ else answer.problem or "read"


class _Newest:
    """Keeps the newest answers whole, and of those before only whether a pause goes on."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._kept: deque[Assembled] = deque(maxlen=SHOWN)
        self._count = 0
        self.pause: Pause | None = None

    @property
    def suffices(self) -> bool:
        """Whether there are enough, and the beginning of a pause was seen."""
        return self._count >= SHOWN and (self.pause is None or self.pause.answers < self._count)

    def pick(self, assembled: Assembled) -> Iterator[Answer]:
        """Take an answer; nothing is read of it yet."""
        self._count += 1
        self._kept.append(assembled)
        first = assembled.first
        sense = sense_of(first.status)
        if sense is Sense.UNAVAILABLE and first.retry_after is not None:
            sense = Sense.THROTTLED
        if sense is Sense.READ:
            self.pause = None
            return iter(())
        before = self.pause if self.pause is not None and self.pause.sense is sense else None
        ordered = retry_after_seconds(first.retry_after, first.answered_at) if sense is Sense.THROTTLED else None
        self.pause = Pause(
            sense=sense,
            status=first.status,
            since=first.answered_at if before is None else before.since,
            last_at=first.answered_at,
            until=None
            if ordered is None
            else first.answered_at + timedelta(seconds=min(ordered, LONGEST_THROTTLED_SECONDS)),
            answers=1 if before is None else before.answers + 1,
        )
        return iter(())

    def read(self) -> Iterator[Answer]:
        """Read the newest."""
        for assembled in self._kept:
            if self._candidate.read_page is not None:
                yield read(assembled, self._candidate.read_page)[0]
