"""An account explained: its drains and open gaps, how many of its messages are pending, by age, and which longest."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import pairwise
from operator import itemgetter
from typing import Final

from relay.core.collecting import AccountState, Drained
from relay.core.merging import awaits_outcome
from relay.core.model import Json, MessageState
from relay.explain.candidates import Candidate
from relay.explain.drains import all_of, drains_of, wish_entry
from relay.explain.entries import Entry, Found, Kind, counted, in_order, shown
from relay.explain.outlook import LATE_SECONDS
from relay.explain.past_drains import PastDrains, Pause
from relay.explain.reading import Reads, missing
from relay.kafka.partitions import partition_of
from relay.slot.codec import UnreadableInternal, decode_state
from relay.slot.keys import account_key, account_shard_key, message_key

AGES = {
    "under 1 min": 0,
    "1 to 10 min": 60,
    "10 to 60 min": 600,
    "1 to 6 h": 3_600,
    "6 to 24 h": 21_600,
    "1 day or more": 86_400,
}
"""Ages in words, and the seconds from which on each is meant."""
MOST_NAMED: Final = 1_000
"""How many pending messages are named, the oldest first."""
_LOOK: Final = (
    "`relay check` says whether the provider answers now, and takes the credentials; `account.paused` and"
    " `breaker.opened` in the log say since when it does not"
)

_UNKEPT: Final = (
    "its reports can be read again: no drains, no gaps; its answers stand in no topic: whether it is paused, and why,"
    " tell `relay_account_paused` and `account.paused` in the log"
)


@dataclass(slots=True, kw_only=True)
class AccountFindings:
    """What the state topic holds of an account; of a pending message only when it began and when it expires.

    `wishes` are the requests for unread reports that are not done, `drains` is the record of its drains, `past` what is
    known of the newest.
    """

    messages: set[bytes] = field(default_factory=set)
    pending: dict[bytes, tuple[datetime, datetime]] = field(default_factory=dict)
    unreadable: set[bytes] = field(default_factory=set)
    wishes: dict[bytes, tuple[Found, MessageState]] = field(default_factory=dict)
    drains: Found | None = None
    past: PastDrains = field(default_factory=PastDrains)
    missing: tuple[str, ...] = ()

    def take(self, found: Found, account: str) -> None:
        """Take a record of the state topic; the newest of a key holds."""
        key = found.key or b""
        if key == account_key(account):
            self.drains = found
            self.past.take(drains_of(found) or AccountState())
        elif key.startswith((message_key(account, ""), f"lookup/{account}/".encode())):
            self._forget(key)
            self._take_state(key, found)

    def _forget(self, key: bytes) -> None:
        self.messages.discard(key)
        self.unreadable.discard(key)
        self.pending.pop(key, None)
        self.wishes.pop(key, None)

    def _take_state(self, key: bytes, found: Found) -> None:
        if found.value is None:
            return
        try:
            state = decode_state(key, found.value)
        except UnreadableInternal:
            self.unreadable.add(key)
            return
        if state.message_id is None and state.extra_id is None:
            self.wishes[key] = found, state
        elif not state.became:
            self.messages.add(key)
            if awaits_outcome(state) or state.once:
                self.pending[key] = state.anchor_at, state.expires_at


async def search_account(reads: Reads, candidate: Candidate) -> AccountFindings:
    """Read the states of an account: all partitions, or the one that it lives in, and its newest kept answers."""
    count = reads.partitions("state")
    findings = AccountFindings(missing=missing(reads, ["state", "raw"] if candidate.collected else ["state"]))
    numbers = set(range(count))
    if candidate.collected and count:
        numbers = {partition_of(account_shard_key(candidate.name), count)}
    await reads.read({("state", number) for number in numbers}, lambda found: findings.take(found, candidate.name))
    if candidate.collected:
        await findings.past.read_answers(reads, candidate)
    return findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A message whose outcome is not known; `since` it was sent or asked about."""

    message_id: str | None
    extra_id: str | None
    since: datetime
    expires_at: datetime

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        return {
            "message_id": self.message_id,
            "extra_id": self.extra_id,
            "since": shown(self.since),
            "expires_at": shown(self.expires_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExplanation:
    """An account explained; `by_age` counts its pending messages, by the time since they were sent or asked about.

    `oldest` names those that wait longest.
    """

    account: str
    provider: str
    messages: int
    by_age: dict[str, int]
    overdue: int
    oldest: tuple[Pending, ...]
    last: Drained | None
    pause: Pause | None
    entries: tuple[Entry, ...]
    summary: tuple[str, ...]
    missing: tuple[str, ...]

    def as_json(self) -> Json:
        """Return the explanation as plain JSON values."""
        of_kind = {kind: [each.details for each in self.entries if each.kind is kind] for kind in Kind}
        return {
            "account": self.account,
            "provider": self.provider,
            "messages": self.messages,
            "pending": {
                "count": sum(self.by_age.values()),
                "by_age": self.by_age,
                "overdue": self.overdue,
                "oldest_at": shown(self.oldest[0].since) if self.oldest else None,
                "oldest": [each.as_json() for each in self.oldest],
            },
            "last_drain": None
            if self.last is None
            else {
                "drain_id": self.last.drain_id,
                "answered_at": shown(self.last.answered_at),
                "status": self.last.status,
                "reports": self.last.reports,
                "count": self.last.count,
            },
            "drains": of_kind[Kind.DRAIN],
            "pause": None if self.pause is None else self.pause.as_json(),
            "intent": next(iter(of_kind[Kind.INTENT]), None),
            "wishes": of_kind[Kind.WISH],
            "gaps": of_kind[Kind.GAP],
            "summary": list(self.summary),
            "missing_topics": list(self.missing),
        }


def explained_account(findings: AccountFindings, candidate: Candidate, now: datetime) -> AccountExplanation:
    """Return the explanation of an account, as of `now`."""
    drains = drains_of(findings.drains)
    known = drains if drains is not None else AccountState()
    ages = Counter(_age((now - anchor_at).total_seconds()) for anchor_at, _ in findings.pending.values())
    entries = [wish_entry(candidate.name, found, wish) for found, wish in findings.wishes.values()]
    if findings.drains is not None:
        entries += all_of(candidate.name, findings.drains, known)
        current = None if known.intent is None else known.intent.drain_id
        entries += findings.past.entries(candidate.name, findings.drains, current)
    return AccountExplanation(
        account=candidate.name,
        provider=candidate.rules.provider,
        messages=len(findings.messages),
        by_age={age: ages[age] for age in AGES},
        overdue=sum(expires_at <= now for _, expires_at in findings.pending.values()),
        oldest=tuple(_oldest(findings)),
        last=known.last,
        pause=findings.past.pause,
        entries=tuple(in_order(entries)),
        summary=(
            *_sentences(findings, candidate, known, readable=drains is not None),
            *findings.past.sentences(now),
            *_look(findings, now),
        ),
        missing=findings.missing,
    )


def _age(seconds: float) -> str:
    """Return the words for an age; what is sent in the future is new."""
    bounds = list(AGES.items())
    return next((word for (word, _), (_, end) in pairwise(bounds) if seconds < end), bounds[-1][0])


def _oldest(findings: AccountFindings) -> Iterator[Pending]:
    for key, (since, expires_at) in nsmallest(MOST_NAMED, findings.pending.items(), key=itemgetter(1)):
        kind, _, name = key.decode().split("/", 2)
        ids = (name, None) if kind == "message" else (None, name.removeprefix("extra/"))
        yield Pending(message_id=ids[0], extra_id=ids[1], since=since, expires_at=expires_at)


def _look(findings: AccountFindings, now: datetime) -> tuple[str, ...]:
    """Say where to look on if something is late, for the topics don't tell whether the provider answers."""
    late = any(since + timedelta(seconds=LATE_SECONDS) <= now for since, _ in findings.pending.values())
    return (_LOOK,) if late else ()


def _sentences(findings: AccountFindings, candidate: Candidate, drains: AccountState, *, readable: bool) -> list[str]:
    pending = len(findings.pending)
    said = [f"{pending} of {len(findings.messages)} stored messages pending" if pending else "nothing is pending"]
    if findings.unreadable:
        said.append(f"{counted(len(findings.unreadable), 'state')} can't be read by this release")
    if not candidate.collected:
        return [*said, _UNKEPT]
    if not readable:
        return [*said, "its drains can't be read: another release wrote their record, or it is damaged"]
    said.append("a drain may be under way" if drains.intent is not None else "no drain is under way")
    lost = sum(gap.count for gap in drains.gaps)
    gaps = counted(len(drains.gaps), "open gap")
    return [*said, f"{counted(lost, 'drain')} without an answer in {gaps}" if lost else "no open gaps"]
