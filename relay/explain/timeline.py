"""What was found of a message as one explanation: a timeline, its states, what it waits for. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from relay.core.merging import awaits_outcome
from relay.core.model import Json, MessageState
from relay.explain.candidates import Candidate
from relay.explain.drains import touching
from relay.explain.entries import Entry, Found, Kind, counted, in_order, shown
from relay.explain.inputs import inbox_entry, input_entry
from relay.explain.letters import letter_entry
from relay.explain.outcomes import answer_entry, event_entry, state_entry, state_json
from relay.explain.outlook import Outlook, outlook
from relay.explain.records import event_of
from relay.explain.search import EVENTS, Findings
from relay.explain.sought import INPUTS
from relay.explain.windows import Unread, unread_sentence
from relay.providers.account import Account
from relay.slot.codec import UnreadableInternal, decode_requested, decode_state
from relay.slot.keys import account_of

_PERHAPS = (Kind.DEAD_LETTER, Kind.RESPONSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A message explained. `states` and `outlooks` go by the keys of the state topic; `summary` says it in sentences.

    Usually there is one state; several where accounts share an id, or one message's id is another's extra_id. `bulk`: a
    bulk goes by this id, too.
    """

    asked: str
    accounts: tuple[str, ...]
    entries: tuple[Entry, ...]
    states: Mapping[str, Json]
    outlooks: Mapping[str, Outlook]
    summary: tuple[str, ...]
    missing: tuple[str, ...]
    unread: tuple[Unread, ...]
    bulk: bool = False

    @property
    def known(self) -> bool:
        """Whether anything is surely about such a message; an answer that can't be read may merely hold the id."""
        return any(entry.kind not in _PERHAPS or entry.details.get("reports") for entry in self.entries)

    @property
    def left_unread(self) -> str | None:
        """One line on what was left unread, if anything was."""
        return unread_sentence(self.unread)

    def as_json(self) -> Json:
        """Return the explanation as plain JSON values."""
        return {
            "message_id": self.asked,
            "accounts": list(self.accounts),
            "entries": [entry.as_json() for entry in self.entries],
            "state": dict(self.states),
            "next": {key: each.as_json() for key, each in self.outlooks.items()},
            "summary": list(self.summary),
            "bulk": self.bulk,
            "missing_topics": list(self.missing),
            "unread": {"sentence": self.left_unread, "topics": [each.as_json() for each in self.unread]},
        }


def explained(
    findings: Findings, candidates: Sequence[Candidate], accounts: Mapping[str, Account], now: datetime
) -> Explanation:
    """Return the explanation of what was found, as of `now`; without entries the message is unknown."""
    of_name = {each.name: each for each in candidates}
    stored = dict(_stored(findings))
    outlooks = {
        key: outlook(state, of_name[account].rules, now)
        for key, (account, _, state) in stored.items()
        if isinstance(state, MessageState) and not state.became
    }
    entries = in_order([*_requests(findings, accounts, now), *_outcomes(findings, stored)])
    summary = [f"{key.split('/')[1]}: {each.sentence}" for key, each in outlooks.items()]
    if len(outlooks) == 1:
        summary = [each.sentence for each in outlooks.values()]
    summary += dict.fromkeys(each.look for each in outlooks.values() if each.look is not None)
    return Explanation(
        asked=findings.names.asked,
        accounts=tuple(name for name in of_name if any(entry.account == name for entry in entries)),
        entries=tuple(entries),
        states={
            key: {"account": account, **state_json(state), "written_at": shown(found.at), "where": found.where}
            for key, (account, found, state) in stored.items()
            if isinstance(state, MessageState)
        },
        outlooks=outlooks,
        summary=(*([*summary, *_gaps(entries)] or _without_state(entries)), *_bulk(findings)),
        missing=findings.missing,
        unread=tuple(findings.unread),
        bulk=findings.bulk,
    )


Stored = tuple[str, Found, MessageState | UnreadableInternal | None]


def _stored(findings: Findings) -> Iterator[tuple[str, Stored]]:
    """Give account, record and decoded state by key; an extra_id that is another message's by now is left out."""
    for key, found in findings.states.items():
        account = account_of(key)
        try:
            state = decode_state(key, found.value) if found.value is not None else None
        except UnreadableInternal as unreadable:
            yield key.decode(), (account, found, unreadable)
            continue
        if state is None or not state.became or state.became in findings.names.message_ids(account):
            yield key.decode(), (account, found, state)


def _requests(findings: Findings, accounts: Mapping[str, Account], now: datetime) -> Iterator[Entry]:
    yield from map(letter_entry, findings.letters)
    for found in findings.records:
        if found.topic in INPUTS:
            yield input_entry(found, accounts, now)
        elif found.topic == "inbox":
            yield inbox_entry(found, decode_requested(found.value))


def _outcomes(findings: Findings, stored: Mapping[str, Stored]) -> Iterator[Entry]:
    yield from map(answer_entry, findings.answers)
    told: set[str] = set()
    for found in sorted(findings.records, key=lambda each: (each.timestamp, each.offset)):
        if found.topic in EVENTS:
            event = event_of(found)
            yield event_entry(found, event, again=event["event_id"] in told)
            told.add(event["event_id"])
    for account, found, state in stored.values():
        yield state_entry(found, account, state)
        if isinstance(state, MessageState) and (awaits_outcome(state) or state.once):
            yield from touching(account, findings.drains.get(account), state)


def _gaps(entries: Sequence[Entry]) -> list[str]:
    count = sum(entry.kind is Kind.GAP for entry in entries)
    return [f"its report may be in {counted(count, 'open gap')}"] if count else []


def _bulk(findings: Findings) -> list[str]:
    asked = findings.names.asked
    return [f"a bulk goes by this id, too: `relay explain {asked} --bulk`"] if findings.bulk else []


def _without_state(entries: Sequence[Entry]) -> list[str]:
    """Say what it means that nothing is stored, by how far the message came."""
    of_kind = {kind: [entry for entry in entries if entry.kind is kind] for kind in Kind}
    if of_kind[Kind.EVENT]:
        types = " and ".join(dict.fromkeys(str(entry.details["type"]) for entry in of_kind[Kind.EVENT]))
        return [f"{types}; nothing is waited for, and it is forgotten by now"]
    if of_kind[Kind.STATE]:
        return ["what is stored of it can't be read by this release, or is forgotten by now"]
    if of_kind[Kind.ACCEPTED] or of_kind[Kind.FORWARDED]:
        return ["accepted, and nothing is stored of it: not decided yet, asked once in vain, or forgotten"]
    if of_kind[Kind.RESPONSE]:
        return ["collected, but not decided yet: is the relay running?"]
    if all(entry.details.get("refused") for entry in of_kind[Kind.REQUEST]):
        told = [str(entry.details["dead_letter_id"]) for entry in of_kind[Kind.DEAD_LETTER]]
        more = f"`relay dead-letters show {told[-1]}`" if told else "see the dead letters"
        return [f"refused: {more}"] if entries else []
    return ["asked for, but not accepted yet: is the relay running?"]
