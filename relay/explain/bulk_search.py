"""Finds what the topics hold of a bulk: in the partitions of accounts whose reports are collected, and where asked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from relay.core.decide import NEVER
from relay.core.model import MessageState, RequestKind
from relay.explain.answers import Answer, Answers, Pick, bytes_of, read
from relay.explain.candidates import Candidate
from relay.explain.entries import Found
from relay.explain.inputs import account_in, fields_of
from relay.explain.letters import Lettered, concerning_bulk
from relay.explain.names import Names
from relay.explain.reading import Reads, Take, missing
from relay.explain.records import bulk_of, state_in
from relay.explain.windows import MARGINS, WHOLE, Left, Place, Unread, Window
from relay.kafka.partitions import partition_of
from relay.slot.codec import UnreadableInternal, decode_requested
from relay.slot.keys import account_key, account_of, account_shard_key, message_id_of, unread_key
from relay.slot.raw import Assembled

REQUESTS, LETTERS = "fetch_requests", "dead_letters"
NEEDED = (REQUESTS, LETTERS, "inbox", "raw", "state")


@dataclass(slots=True, kw_only=True)
class BulkFindings:
    """What was found of a bulk. `records` are fetch requests, as they were sent and as they were accepted.

    `wishes` are by account the drains of it that are not done, `messages` by key the states of its messages, `drains`
    the states of the accounts; `answers` were asked for the bulk, or carry reports of it.
    """

    bulk_id: str
    records: list[Found] = field(default_factory=list)
    letters: list[Lettered] = field(default_factory=list)
    wishes: dict[str, tuple[Found, MessageState]] = field(default_factory=dict)
    messages: dict[bytes, MessageState] = field(default_factory=dict)
    drains: dict[str, Found] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    unread: list[Unread] = field(default_factory=list)


async def search_bulk(
    reads: Reads, candidates: Iterable[Candidate], bulk_id: str, *, one_account: bool, whole: bool = False
) -> BulkFindings:
    """Read what there is of the bulk; of answers and sent requests, unless `whole`, only from its first sign on."""
    found = _BulkSearch(reads, {each.name: each for each in candidates}, bulk_id, one_account=one_account)
    await found.states_and_requests()
    await found.elsewhere(whole=whole)
    return found.findings


def is_of(state: MessageState, bulk_id: str) -> bool:
    """Tell whether a message belongs to the bulk: by what was asked, or by what the provider said of it."""
    return bulk_id in (state.bulk_id, *(event.bulk_id for event in state.published))


class _BulkSearch:
    def __init__(self, reads: Reads, candidates: Mapping[str, Candidate], bulk_id: str, *, one_account: bool) -> None:
        self.findings = BulkFindings(bulk_id=bulk_id, missing=missing(reads, NEEDED))
        self._reads = reads
        self._collected = {name: each for name, each in candidates.items() if each.collected}
        self._accounts = frozenset(candidates) if one_account else None
        self._keys = {account_key(name): name for name in self._collected}
        self._keys |= {unread_key(name, bulk_id): name for name in self._collected}
        self._named = Names(bulk_id)

    async def states_and_requests(self) -> None:
        """Read the accounts' partitions of the state, for the newest record of each key, and of the inbox."""
        await self._reads.read(self._places("state"), self._take_state, matters=self._may_be_state)
        await self._read_named(self._places("inbox"), self._take_accepted, WHOLE)

    async def elsewhere(self, *, whole: bool) -> None:
        """Read the kept answers since the bulk began, the refused requests, and those of the time of the accepted."""
        left = Left()
        window = WHOLE if whole else self._began().around(MARGINS[0])
        answers = Answers(self._collected, _of_bulk(self._collected, self._named))
        left.note(await self._reads.read(self._places("raw"), answers.take, window=window), window)
        self.findings.answers = answers.finish()
        await self._reads.read(self._all(LETTERS), self._take_letter)
        window = WHOLE if whole else self._asked().around(MARGINS[0])
        there = await self._read_named(self._all(REQUESTS), self._take_sent, window)
        left.note(there, window)
        self.findings.unread = left.unread({topic: self._reads.name(topic) for topic in NEEDED})

    async def _read_named(self, places: set[Place], take: Take, window: Window) -> Mapping[Place, int]:
        """Read what may name the bulk."""
        signs = self._named.signs_in_json
        return await self._reads.read(places, take, window=window, matters=self._may_matter, signs=signs)

    def _places(self, topic: str) -> set[Place]:
        count = self._reads.partitions(topic)
        return {(topic, partition_of(account_shard_key(name), count)) for name in self._collected if count}

    def _all(self, topic: str) -> set[Place]:
        return {(topic, number) for number in range(self._reads.partitions(topic))}

    def _began(self) -> Window:
        """Return from when on there may be answers: nothing is older than the first request, or message."""
        wished = [wish.requested_at for _, wish in self.findings.wishes.values()]
        instants = [found.at for found in self.findings.records] + wished
        for state in self.findings.messages.values():
            instants += [state.anchor_at, state.requested_at, *(event.observed_at for event in state.published)]
        return Window(since=min((at for at in instants if at is not None and at > NEVER), default=None))

    def _asked(self) -> Window:
        instants = [found.at for found in self.findings.records if found.at is not None]
        return Window(since=min(instants), until=max(instants)) if instants else WHOLE

    def _may_matter(self, _: bytes | None, value: bytes | None) -> bool:
        return value is not None and self._named.may_name(value)

    def _may_be_state(self, key: bytes | None, value: bytes | None) -> bool:
        return key in self._keys or key in self.findings.messages or self._may_matter(key, value)

    def _take_state(self, found: Found) -> None:
        key = found.key or b""
        name = self._keys.get(key)
        if key == account_key(name or ""):
            self.findings.drains[name or ""] = found
            return
        self.findings.messages.pop(key, None)
        self.findings.wishes.pop(name or "", None)
        state = state_in(found)
        if state is None:
            return
        if name is not None:
            self.findings.wishes[name] = found, state
        elif message_id_of(key) and account_of(key) in self._collected and is_of(state, self.findings.bulk_id):
            self.findings.messages[key] = state

    def _take_accepted(self, found: Found) -> None:
        try:
            request = decode_requested(found.value).request
        except UnreadableInternal:
            return
        if (
            request.account in self._collected
            and request.kind is RequestKind.FETCH
            and bulk_of(found) == self.findings.bulk_id
        ):
            self.findings.records.append(found)

    def _take_sent(self, found: Found) -> None:
        fields = fields_of(found.value or b"") or {}
        if fields.get("bulk_id") == self.findings.bulk_id and (
            self._accounts is None or account_in(fields) in self._accounts
        ):
            self.findings.records.append(found)

    def _take_letter(self, found: Found) -> None:
        if (lettered := concerning_bulk(found, self.findings.bulk_id, self._accounts)) is not None:
            self.findings.letters.append(lettered)


def was_asked_for(answer: Answer, bulk_id: str) -> bool:
    """Tell whether the drain asked for what was unread of this bulk."""
    return bulk_id in dict(parse_qsl(urlsplit(answer.part.url).query)).values()


def _of_bulk(candidates: Mapping[str, Candidate], bulk: Names) -> Pick:
    """Return what picks the answers that were asked for the bulk, and those that carry reports of it."""

    def picked(assembled: Assembled) -> Iterator[Answer]:
        body = bytes_of(assembled)
        read_page = candidates[assembled.first.account].read_page
        asked_for = was_asked_for(Answer(part=assembled.first, found=assembled.first.record), bulk.asked)
        if read_page is None or not (asked_for or bulk.may_name(body)):
            return
        answer, page = read(assembled, read_page)
        own = tuple(report for report in page.reports if report.bulk_id == bulk.asked) if page is not None else ()
        if own or asked_for:
            yield replace(answer, reports=own)

    return picked
