"""What was found of a bulk as one explanation: its requests, drains and gaps in time, and its messages. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from relay.contracts.instants import format_instant
from relay.core.collecting import overlap
from relay.core.merging import awaits_outcome
from relay.core.model import Json, MessageState
from relay.explain.answers import Answer
from relay.explain.bulk_search import REQUESTS, BulkFindings, was_asked_for
from relay.explain.drains import drains_of, gap_entry, intent_entry, wish_entry
from relay.explain.entries import Entry, Kind, counted, in_order, joined
from relay.explain.inputs import inbox_entry, input_entry
from relay.explain.letters import letter_entry
from relay.explain.outcomes import answer_json, standing_of
from relay.explain.windows import Unread, unread_sentence
from relay.providers.account import Account
from relay.slot.codec import decode_requested
from relay.slot.keys import account_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkMessage:
    """A message of the bulk whose state is known; `events` are the types of what was published of it, in order."""

    account: str
    message_id: str
    outcome: str
    events: tuple[str, ...]
    pending: bool

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        return {
            "account": self.account,
            "message_id": self.message_id,
            "outcome": self.outcome,
            "pending": self.pending,
            "events": list(self.events),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkExplanation:
    """A bulk explained; `messages` are in order of what they wait for: the pending first."""

    bulk_id: str
    accounts: tuple[str, ...]
    entries: tuple[Entry, ...]
    messages: tuple[BulkMessage, ...]
    summary: tuple[str, ...]
    missing: tuple[str, ...]
    unread: tuple[Unread, ...]

    @property
    def known(self) -> bool:
        """Whether anything tells of such a bulk."""
        return bool(self.entries or self.messages)

    @property
    def left_unread(self) -> str | None:
        """One line on what was left unread, if anything was."""
        return unread_sentence(self.unread, "bulk")

    def as_json(self) -> Json:
        """Return the explanation as plain JSON values."""
        return {
            "bulk_id": self.bulk_id,
            "accounts": list(self.accounts),
            "entries": [entry.as_json() for entry in self.entries],
            "messages": [each.as_json() for each in self.messages],
            "summary": list(self.summary),
            "missing_topics": list(self.missing),
            "unread": {"sentence": self.left_unread, "topics": [each.as_json() for each in self.unread]},
        }


def explained_bulk(findings: BulkFindings, accounts: Mapping[str, Account], now: datetime) -> BulkExplanation:
    """Return the explanation of what was found, as of `now`; without entries and messages the bulk is unknown."""
    messages = sorted(_messages(findings), key=lambda each: (not each.pending, each.account, each.message_id))
    told = [*map(letter_entry, findings.letters), *_requests(findings, accounts, now)]
    told += [_answer_entry(answer, findings.bulk_id) for answer in findings.answers]
    known = {each.account for each in messages} | {entry.account for entry in told} | set(findings.wishes)
    entries = in_order([*told, *_drains(findings, known)])
    return BulkExplanation(
        bulk_id=findings.bulk_id,
        accounts=tuple(name for name in accounts if name in known),
        entries=tuple(entries),
        messages=tuple(messages),
        summary=tuple(_sentences(findings, messages, entries)),
        missing=findings.missing,
        unread=tuple(findings.unread),
    )


def _messages(findings: BulkFindings) -> Iterator[BulkMessage]:
    for key, state in findings.messages.items():
        yield BulkMessage(
            account=account_of(key),
            message_id=state.message_id or "",
            outcome=standing_of(state),
            events=tuple(event.type.value for event in state.published),
            pending=_waits(state),
        )


def _waits(state: MessageState) -> bool:
    return awaits_outcome(state) or state.once


def _requests(findings: BulkFindings, accounts: Mapping[str, Account], now: datetime) -> Iterator[Entry]:
    for found in findings.records:
        if found.topic == REQUESTS:
            yield input_entry(found, accounts, now)
        else:
            yield inbox_entry(found, decode_requested(found.value))


def _drains(findings: BulkFindings, known: set[str | None]) -> Iterator[Entry]:
    """Tell of the drains that are wanted, or under way, and of the gaps that may hold reports of the bulk."""
    for name, (found, wish) in findings.wishes.items():
        yield wish_entry(name, found, wish)
    for name, found in findings.drains.items():
        drains = drains_of(found)
        if drains is None:
            continue
        if drains.intent is not None and drains.intent.bulk_id == findings.bulk_id:
            yield intent_entry(name, found, drains.intent)
        since = _waits_since(findings, name) if name in known else None
        for gap in drains.gaps:
            its_own = gap.bulk_id == findings.bulk_id
            wide = since is not None and gap.last_at >= since and overlap(gap.filter, (findings.bulk_id, None))
            if its_own or wide:
                yield gap_entry(name, found, gap)


def _waits_since(findings: BulkFindings, account: str) -> datetime | None:
    """Return since when a message of the bulk, or a request for it, waits; None if none does."""
    waiting = [
        state.anchor_at for key, state in findings.messages.items() if account_of(key) == account and _waits(state)
    ]
    if account in findings.wishes:
        waiting.append(findings.wishes[account][1].requested_at)
    return min(waiting, default=None)


def _answer_entry(answer: Answer, bulk_id: str) -> Entry:
    """Tell of a kept answer: whether it was asked for the bulk, and how many reports of it came."""
    part, asked_for = answer.part, was_asked_for(answer, bulk_id)
    return Entry(
        at=part.answered_at,
        kind=Kind.RESPONSE,
        account=part.account,
        text=joined(
            f"drain {part.response_id} {'of this bulk' if asked_for else 'of others, too'}: HTTP {part.status}",
            None if answer.count is None else counted(answer.count, "report"),
            f"{len(answer.reports)} of this bulk",
            f"cut off: {part.cut}" if part.cut else None,
            answer.problem,
            f"asked {format_instant(part.asked_at)}",
        ),
        details={
            **answer_json(answer),
            "asked_for_bulk": asked_for,
            "of_bulk": len(answer.reports),
            "cut": part.cut,
        },
        found=answer.found,
    )


def _sentences(findings: BulkFindings, messages: Sequence[BulkMessage], entries: Sequence[Entry]) -> Iterator[str]:
    waiting = sum(each.pending for each in messages)
    known = f"{counted(len(messages), 'message')} of it known, {waiting} pending"
    yield known if messages else "no message of it is known, or not any more"
    asked_for = [answer for answer in findings.answers if was_asked_for(answer, findings.bulk_id)]
    if asked_for:
        reports = sum(answer.count or 0 for answer in asked_for)
        yield f"its drains brought {counted(len(asked_for), 'answer')} with {counted(reports, 'report')}"
    kinds = [entry.kind for entry in entries]
    if findings.wishes:
        yield "a drain of it is wanted, and did not come to its end yet"
    elif Kind.ACCEPTED in kinds and not asked_for:
        yield "asked for, and no answer to a drain of it is kept: not decided yet, covered by another drain, or expired"
    elif Kind.REQUEST in kinds and Kind.ACCEPTED not in kinds and Kind.DEAD_LETTER not in kinds:
        yield "asked for, but not accepted yet: is the relay running?"
    if gaps := kinds.count(Kind.GAP):
        yield f"reports of it may be in {counted(gaps, 'open gap')}"
    if messages:
        yield f"`relay explain {messages[0].message_id}` tells of the first of them"
