"""Finds what the topics hold of a message: only the partitions that it can lie in, and there only its records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from relay.core.model import Json
from relay.explain.answers import Answer, Answers
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.inputs import fields_of
from relay.explain.letters import Lettered, concerning
from relay.explain.names import Names, ids_in, state_key
from relay.explain.reading import Place, Reads
from relay.kafka.partitions import partition_of
from relay.slot.codec import UnreadableInternal, decode_requested, decode_state
from relay.slot.keys import account_key, account_shard_key, shard_key

EVENTS = ("delivered", "seen", "failed", "answered")
INPUTS = ("fetch_requests", "messages_sent")
_OF_EVENT: Mapping[str, type] = {"event_id": str, "account": str, "sequence": int}
LETTERS = "dead_letters"
NEEDED = (*INPUTS, *EVENTS, LETTERS, "inbox", "raw", "state")


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was found of a message. `states` holds the last record of each key, a tombstone, too.

    `drains` are the states of its collected accounts, `missing` the topics that are not there or not ours to see.
    """

    names: Names
    records: list[Found] = field(default_factory=list)
    states: dict[bytes, Found] = field(default_factory=dict)
    drains: dict[str, Found] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    letters: list[Lettered] = field(default_factory=list)
    missing: tuple[str, ...] = ()


async def search(reads: Reads, candidates: Iterable[Candidate], asked: str, *, one_account: bool) -> Findings:
    """Read what there is of the message that goes by the id `asked`.

    First what lies by that id, which may tell of another one (an extra_id's message_id, a message's extra_id), then
    what lies by that, and last the topics that are not ordered by ids.
    """
    found = _Search(reads, {each.name: each for each in candidates}, asked, one_account=one_account)
    await found.by_id()
    await found.by_id()
    await found.elsewhere()
    return found.findings


class _Search:
    def __init__(self, reads: Reads, candidates: Mapping[str, Candidate], asked: str, *, one_account: bool) -> None:
        self.findings = Findings(names=Names(asked), missing=reads.missing(NEEDED))
        self._names = self.findings.names
        self._reads = reads
        self._candidates = candidates
        self._one_account = one_account
        self._looked_for: set[tuple[str, str | None, str | None]] = set()
        self._of_state: dict[bytes, str] = {}
        self._of_drains = {account_key(name): name for name, each in candidates.items() if each.collected}
        self._have: set[str] = set()

    async def by_id(self) -> None:
        """Read where records of the ids lie that are known by now, unless that was done."""
        pairs = set(self._pairs()) - self._looked_for
        self._looked_for |= pairs
        places: set[Place] = set()
        for account, message_id, extra_id in pairs:
            self._of_state[state_key(account, message_id, extra_id)] = account
            key = self._shard_key(account, message_id, extra_id)
            places |= {self._place(topic, key) for topic in ("state", "inbox")}
            places |= {self._place(topic, (message_id or extra_id or "").encode()) for topic in EVENTS}
        await self._reads.read(self._there(places), self._take)

    async def elsewhere(self) -> None:
        """Read the raw answers of collected accounts; all inputs and letters, whose keys are the senders' own."""
        collected = {name: each for name, each in self._candidates.items() if each.collected}
        answers = Answers(collected, self._names)
        await self._reads.read(
            self._there({self._place("raw", account_shard_key(name)) for name in collected}), answers.take
        )
        self.findings.answers = answers.finish()
        inputs = {(topic, number) for topic in INPUTS for number in range(self._reads.partitions(topic))}
        await self._reads.read(inputs, self._take_input)
        letters = {(LETTERS, number) for number in range(self._reads.partitions(LETTERS))}
        await self._reads.read(letters, self._take_letter)

    def _pairs(self) -> Iterable[tuple[str, str | None, str | None]]:
        for name in self._candidates:
            yield from ((name, message_id, None) for message_id in self._names.message_ids(name))
            yield from ((name, None, extra_id) for extra_id in self._names.extra_ids(name))

    def _shard_key(self, account: str, message_id: str | None, extra_id: str | None) -> bytes:
        if self._candidates[account].collected:
            return account_shard_key(account)
        return shard_key(account, message_id, extra_id)

    def _place(self, topic: str, key: bytes) -> Place:
        return topic, partition_of(key, self._reads.partitions(topic) or 1)

    def _there(self, places: set[Place]) -> set[Place]:
        return {(topic, number) for topic, number in places if number < self._reads.partitions(topic)}

    def _take(self, found: Found) -> None:
        if found.topic == "state":
            self._take_state(found)
        elif found.value is not None and self._names.may_name(found.value) and found.where not in self._have:
            account, message_id, extra_id = _ids_of(found)
            if account in self._candidates and self._names.mean(account, message_id, extra_id):
                self._names.learn(account, message_id, extra_id)
                self._have.add(found.where)
                self.findings.records.append(found)

    def _take_state(self, found: Found) -> None:
        key = found.key or b""
        if key in self._of_drains:
            self.findings.drains[self._of_drains[key]] = found
        elif key in self._of_state:
            self.findings.states[key] = found
            self._learn_from_state(self._of_state[key], found.value)

    def _learn_from_state(self, account: str, value: bytes | None) -> None:
        try:
            state = decode_state(value) if value is not None else None
        except UnreadableInternal:
            return
        if state is not None:
            self._names.learn(account, state.message_id or state.became, state.extra_id)

    def _take_input(self, found: Found) -> None:
        if found.value is None or not self._names.may_name(found.value):
            return
        fields = fields_of(found.value)
        if fields is None:
            named = not self._one_account and self._names.asked.encode() in found.value
        else:
            account = fields.get("account")
            named = self._names.mean(account if isinstance(account, str) else "", *ids_in(fields))
            named = named and (not self._one_account or account in self._candidates)
        if named:
            self.findings.records.append(found)

    def _take_letter(self, found: Found) -> None:
        only = frozenset(self._candidates) if self._one_account else None
        if (lettered := concerning(found, self._names, only)) is not None:
            self.findings.letters.append(lettered)


def _ids_of(found: Found) -> tuple[str, str | None, str | None]:
    """Return account, message_id and extra_id of an event or an inbox record; no account where it is none of ours."""
    try:
        if found.topic == "inbox":
            request = decode_requested(found.value).request
            return request.account, request.message_id, request.extra_id
        event = event_of(found)
    except UnreadableInternal:
        return "", None, None
    return event["account"], *ids_in(event)


def event_of(found: Found) -> Json:
    """Return the fields of an event.

    Raises:
        UnreadableInternal: the record is none that a relay writes.

    """
    try:
        event = orjson.loads(found.value or b"")
    except orjson.JSONDecodeError:
        event = None
    if not isinstance(event, dict) or not all(isinstance(event.get(name), kind) for name, kind in _OF_EVENT.items()):
        raise UnreadableInternal("not an event")
    return event
