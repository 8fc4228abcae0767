"""Finds what the topics hold of a message: only the partitions that it can lie in, and there only its records."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from relay.explain.answers import Answer, Answers, carrying
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.inputs import account_in, fields_of
from relay.explain.known import Known
from relay.explain.letters import Lettered, concerning
from relay.explain.names import Names, ids_in, state_key
from relay.explain.reading import Reads, Take, missing
from relay.explain.records import bulk_of, ids_of, state_in
from relay.explain.sought import INPUTS, all_found
from relay.explain.windows import MARGINS, WHOLE, Left, Place, Unread, Window
from relay.kafka.partitions import partition_of
from relay.slot.keys import account_key, account_shard_key, shard_key

EVENTS = ("delivered", "seen", "failed", "answered")
LETTERS = "dead_letters"
NEEDED = (*INPUTS, *EVENTS, LETTERS, "inbox", "raw", "state")
ROUNDS = 4  # of records that tell of other ids or of earlier days, before everything is read
_Pair = tuple[str, str | None, str | None]


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was found of a message. `states` holds the last record of each key, a tombstone, too.

    `drains` are the states of its collected accounts, `missing` the topics that are not there or not ours to see,
    `unread` tells of the records that were left unread, for they lie before or after all that is known of it;
    `bulk`: among what was read, something names a bulk by the message's id.
    """

    names: Names
    records: list[Found] = field(default_factory=list)
    states: dict[bytes, Found] = field(default_factory=dict)
    drains: dict[str, Found] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    letters: list[Lettered] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    unread: list[Unread] = field(default_factory=list)
    bulk: bool = False


async def search(
    reads: Reads, candidates: Iterable[Candidate], asked: str, *, one_account: bool, whole: bool = False
) -> Findings:
    """Read what there is of the message that goes by the id `asked`; unless `whole`, only of the time it lived in.

    First what lies by that id, which may tell of another one (an extra_id's message_id, a message's extra_id), then
    what lies by that, and last the topics that are not ordered by ids.
    """
    found = _Search(reads, {each.name: each for each in candidates}, asked, one_account=one_account, whole=whole)
    await found.by_id()
    await found.elsewhere()
    return found.findings


class _Search:
    def __init__(
        self, reads: Reads, candidates: Mapping[str, Candidate], asked: str, *, one_account: bool, whole: bool
    ) -> None:
        self.findings = Findings(names=Names(asked), missing=missing(reads, NEEDED))
        self._names = self.findings.names
        self._reads = reads
        self._candidates = candidates
        self._one_account = one_account
        self._whole = whole
        self._known = Known()
        self._left = Left()
        self._stated: set[_Pair] = set()
        self._windows: dict[_Pair, Window] = {}
        self._of_state: dict[bytes, str] = {}
        self._of_drains = {account_key(name): name for name, each in candidates.items() if each.collected}
        self._have: set[str] = set()

    async def by_id(self) -> None:
        """Read where records of the ids lie that are known by now, and what that tells of: other ids, earlier days."""
        await self._states()
        for last in (*[False] * ROUNDS, True):
            window = WHOLE if self._whole or last else self._known.window_of_states()
            pairs = {pair for pair in self._pairs() if not window.lies_in(self._windows.get(pair))}
            if not pairs:
                return
            wider = window.around(MARGINS[0])
            self._windows |= dict.fromkeys(pairs, wider)
            await self._read_named(self._there(self._places(pairs)), self._take, wider)
            await self._states()

    async def elsewhere(self) -> None:
        """Read what is not ordered by ids: raw answers of collected accounts, letters, and the senders' inputs."""
        await self._answers(WHOLE if self._whole else self._known.window_of_states())
        letters = {(LETTERS, number) for number in range(self._reads.partitions(LETTERS))}
        await self._reads.read(letters, self._take_letter)
        await self._inputs(WHOLE if self._whole or not self._asked_lately() else self._known.window())
        self.findings.unread = self._left.unread({topic: self._reads.name(topic) for topic in NEEDED})

    async def _states(self) -> None:
        """Read the states of all ids, an alias's message's, too."""
        while pairs := set(self._pairs()) - self._stated:
            first = not self._stated
            pairs = {pair for pair in pairs if pair[1] is not None} or pairs  # they may make others needless
            self._stated |= pairs
            self._of_state |= {state_key(*pair): pair[0] for pair in pairs}
            sought: dict[Place, set[bytes]] = defaultdict(set)
            for pair in pairs:
                sought[self._place("state", self._shard_key(*pair))].add(state_key(*pair))
            for key, name in self._of_drains.items() if first else ():
                sought[self._place("state", account_shard_key(name))].add(key)
            there = self._there(set(sought))
            for found in await self._reads.newest({place: keys for place, keys in sought.items() if place in there}):
                self._take_state(found)
        for key, found in self.findings.states.items():
            state = state_in(found)
            self._known.state(found, state)
            if state is not None:
                self._names.learn(self._of_state[key], state.message_id or state.became, state.extra_id)

    async def _answers(self, window: Window) -> None:
        """Read further back as long as a published outcome of a collected account has no answer that brought it."""
        collected = {name: each for name, each in self._candidates.items() if each.collected}
        places = self._there({self._place("raw", account_shard_key(name)) for name in collected})
        for wider in window.wider():
            answers = Answers(collected, carrying(collected, self._names))
            self._left.note(await self._reads.read(places, answers.take, window=wider), wider)
            self.findings.answers = answers.finish()
            if self.findings.answers or not self._was_told(collected):
                return

    async def _inputs(self, window: Window) -> None:
        """Read further back, and on, as long as an input is not there that was accepted, or refused."""
        places = {(topic, number) for topic in INPUTS for number in range(self._reads.partitions(topic))}
        names = {topic: self._reads.name(topic) for topic in INPUTS}
        for wider in window.wider():
            await self._read_named(places, self._take_input, wider)
            if all_found(self.findings.records, self.findings.letters, names):
                return

    def _asked_lately(self) -> bool:
        """Tell whether the inbox accounts for all that is known to have been asked of the message."""
        in_inbox = any(found.topic == "inbox" for found in self.findings.records)
        return in_inbox or (bool(self.findings.states) and not self._known.asked)

    def _was_told(self, collected: Mapping[str, Candidate]) -> bool:
        """Tell whether a collected account reported the message's outcome."""
        stored = [(self._of_state[key], state_in(found)) for key, found in self.findings.states.items()]
        return any(
            account in collected and state is not None and not all(event.inferred for event in state.published)
            for account, state in stored
        )

    async def _read_named(self, places: set[Place], take: Take, window: Window) -> None:
        left = await self._reads.read(
            places, take, window=window, matters=self._may_matter, signs=self._names.signs_in_json
        )
        self._left.note(left, window)

    def _may_matter(self, _: bytes | None, value: bytes | None) -> bool:
        return value is not None and self._names.may_name(value)

    def _places(self, pairs: set[_Pair]) -> set[Place]:
        inbox = {self._place("inbox", self._shard_key(*pair)) for pair in pairs}
        names = {(message_id or extra_id or "").encode() for _, message_id, extra_id in pairs}
        return inbox | {self._place(topic, name) for topic in EVENTS for name in names}

    def _pairs(self) -> Iterable[_Pair]:
        for name in self._candidates:
            yield from ((name, message_id, None) for message_id in self._names.message_ids(name))
            yield from ((name, None, extra_id) for extra_id in self._extra_ids(name))

    def _extra_ids(self, account: str) -> set[str]:
        """Return the senders' own ids of the message; a stored message's id is taken for no other one's."""
        known = self._names.extra_ids(account)
        found = self.findings.states.get(state_key(account, self._names.asked, None))
        if self._whole or found is None:
            return known
        state = state_in(found)
        return known if state is None or state.extra_id == self._names.asked else known - {self._names.asked}

    def _shard_key(self, account: str, message_id: str | None, extra_id: str | None) -> bytes:
        if self._candidates[account].collected:
            return account_shard_key(account)
        return shard_key(account, message_id, extra_id)

    def _place(self, topic: str, key: bytes) -> Place:
        return topic, partition_of(key, self._reads.partitions(topic) or 1)

    def _there(self, places: set[Place]) -> set[Place]:
        return {(topic, number) for topic, number in places if number < self._reads.partitions(topic)}

    def _take(self, found: Found) -> None:
        if found.where in self._have:
            return
        account, message_id, extra_id = ids_of(found)
        self.findings.bulk |= account in self._candidates and bulk_of(found) == self._names.asked
        if account in self._candidates and self._names.mean(account, message_id, extra_id):
            self._names.learn(account, message_id, extra_id)
            self._have.add(found.where)
            self._known.record(found)
            self.findings.records.append(found)

    def _take_state(self, found: Found) -> None:
        key = found.key or b""
        if key in self._of_drains:
            self.findings.drains[self._of_drains[key]] = found
        else:
            self.findings.states[key] = found

    def _take_input(self, found: Found) -> None:
        value = found.value or b""
        if found.where in self._have:
            return
        fields = fields_of(value)
        if fields is None:
            named = not self._one_account and self._names.asked.encode() in value
        else:
            account = account_in(fields)
            named = self._names.mean(account, *ids_in(fields))
            named = named and (not self._one_account or account in self._candidates)
            self.findings.bulk |= fields.get("bulk_id") == self._names.asked and account in self._candidates
        if named:
            self._have.add(found.where)
            self.findings.records.append(found)

    def _take_letter(self, found: Found) -> None:
        only = frozenset(self._candidates) if self._one_account else None
        if (lettered := concerning(found, self._names, only)) is not None:
            self.findings.letters.append(lettered)
            self._known.letter(lettered)
