"""One partition's owner: its messages, its mailbox and its timers. Takes records and answers, never does I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from relay.core.collecting import CLOCKS_APART, AccountItem, AccountState, Gap
from relay.core.items import Collected, Item, Requested, Seen
from relay.core.merging import awaits_outcome
from relay.core.model import Lookup, MessageState, Report
from relay.core.questions import first_question
from relay.core.rules import Rules
from relay.core.schedule import Urgency
from relay.kafka.records import Outgoing
from relay.slot.answers import Answers
from relay.slot.asks import Asks, Cancellable
from relay.slot.codec import UnreadableInternal, decode_account, decode_state
from relay.slot.collector import Collector
from relay.slot.fencing import Member
from relay.slot.keys import ACCOUNT, account_key, account_of, message_key, state_key
from relay.slot.mailbox import Held, Mailbox, Taken
from relay.slot.timers import Timers

GRACE_SECONDS = 1.0  # how long a request may wait for its first answer, so that one transaction carries both

NOTHING_KNOWN = AccountState()

RulesOf = Callable[[str], Rules | None]


@dataclass(slots=True)
class Entry:
    """A message as a slot holds it: its stored state, when it is due, and what this owner saw of it."""

    value: bytes | None
    due: float = 0.0
    pending: bool = False
    seen: Seen = Seen.NOTHING


class Slot:
    """The single owner of a partition's messages between two rebalances."""

    def __init__(
        self,
        partition: int,
        member: Member,
        rules_of: RulesOf,
        asks: Asks,
        wake: Callable[[], None],
        *,
        answers: Answers,
    ) -> None:
        self.partition = partition
        self.member = member
        self.ready = False
        self.pending = 0  # messages that wait for their outcome
        self.next_offset = 0  # after the last decided record of the inbox: what every transaction commits
        self.next_raw = 0  # the same of the raw topic
        self.entries: dict[bytes, Entry] = {}
        self.accounts: dict[bytes, AccountState] = {}
        self.collectors: dict[str, Collector] = {}
        self.answers = answers
        self.mailbox = Mailbox()
        self.timers = Timers()
        self.asking: dict[bytes, Cancellable] = {}
        self.rules_of = rules_of
        self._asks = asks
        self.wake = wake
        self._questions: dict[bytes, Lookup] = {}  # of messages that have no stored state yet
        self._decoded: dict[bytes, MessageState] = {}  # what lookups on their way asked about, as it still stands

    # Filling the mailbox

    def receive(self, item: Requested, offset: int, now: datetime, monotonic: float) -> None:
        """Put a record into the mailbox; a lookup that it needs and that can be repeated starts at once."""
        key = state_key(item.request)
        held = Held(key=key, item=item, offset=offset, until=monotonic + GRACE_SECONDS)
        rules = self.rules_of(item.request.account)
        if rules is not None and rules.collecting is None:
            question = None if item.report else first_question(self.state(key), item.request, now, rules)
            if question is not None:
                self._questions[key] = question
                held.waits = self.ask(key, now.timestamp(), urgency=Urgency.NEW)
        self.mailbox.put(held)

    def refuse(self, offset: int, letter: Outgoing) -> None:
        """Pass over a record that can't be read, in its order, with its dead letter."""
        self.mailbox.put(Held(key=b"", item=None, offset=offset, until=0.0, letter=letter))

    def take(self, monotonic: float, limit: int) -> Taken:
        """Take what a turn is to decide; there is room for answers of drains however many items wait."""
        taken = self.mailbox.take(monotonic, limit)
        self.answers.give_up_fragments(monotonic)
        taken.chunks = self.answers.take(max(limit - len(taken.items), limit // 2))
        return taken

    def answer(self, key: bytes, item: Item) -> None:
        """Take the answer to a lookup."""
        self.asking.pop(key, None)
        self._questions.pop(key, None)
        self.mailbox.answer(key, item)
        self.wake()

    def tell(self, account: str, item: AccountItem) -> None:
        """Take what became of an account's drain, or of a gap."""
        self.mailbox.tell(account_key(account), item)
        self.wake()

    def found(self, account: str, report: Report, gap: Gap) -> None:
        """Take a report that the log has: of a message that is known, or one that the gap may have swallowed."""
        key = message_key(account, report.message_id or "")
        if key in self.entries or report.occurred_at is None or report.occurred_at <= gap.last_at + CLOCKS_APART:
            self.mailbox.tell(key, Collected(report=report))
            self.wake()

    def ask(self, key: bytes, due: float, *, urgency: Urgency) -> bool:
        """Ask about the message unless a lookup is on its way; False if its account is unknown."""
        waiting = self.asking.get(key)
        if waiting is not None and urgency is Urgency.NEW and waiting.may_hurry:
            waiting.cancel()
            waiting = None
        if waiting is None:
            ticket = self._asks.ask(account_of(key), self, key, due=due, urgency=urgency)
            if ticket is None:
                return False
            self.asking[key] = ticket
        return True

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question about the message as it stands now."""
        if (question := self._questions.get(key)) is not None:
            return question
        if (state := self.state(key)) is None:
            return None
        self._decoded[key] = state
        return _question(key, state)

    # State

    def state(self, key: bytes) -> MessageState | None:
        """Return what is known of the message."""
        entry = self.entries.get(key)
        if entry is None or entry.value is None:
            return None
        if (state := self._decoded.pop(key, None)) is not None:
            return state
        try:
            return decode_state(key, entry.value)
        except UnreadableInternal as error:
            raise UnreadableInternal(f"partition {self.partition}, key {key.decode()}: {error}") from None

    def store(self, key: bytes, value: bytes | None) -> Entry:
        """Hold a message's stored value; without one the message is gone. An account's is held apart."""
        if key.startswith(ACCOUNT):
            self.accounts[key] = decode_account(value) if value is not None else AccountState()
            return Entry(value)
        entry = self.entries.get(key)
        if entry is None:
            entry = Entry(value)
            if value is not None:
                self.entries[key] = entry
        elif value is None:
            self._count_pending(key, -entry.pending)
            del self.entries[key]
        entry.value = value
        self._questions.pop(key, None)
        self._decoded.pop(key, None)
        return entry

    def count(self, key: bytes, state: MessageState) -> None:
        """Count the message among the pending ones, or no longer."""
        entry = self.entries.get(key)
        if entry is not None and entry.pending != (waits := awaits_outcome(state)):
            self._count_pending(key, waits - entry.pending)
            entry.pending = waits

    def _count_pending(self, key: bytes, change: int) -> None:
        self.pending += change
        if change and (collector := self.collectors.get(account_of(key))) is not None:
            collector.pending += change

    def drains_at(self, monotonic: float) -> float | None:
        """Return the monotonic instant at which an account's next drain may start, None if none is wanted."""
        if not self.collectors:  # as in most slots; this is asked of each at every turn
            return None
        instants = [collector.next_at(self.account(name), monotonic) for name, collector in self.collectors.items()]
        return min((at for at in instants if at is not None), default=None)

    def account(self, name: str) -> AccountState:
        """Return what is known of an account."""
        return self.accounts.get(account_key(name), NOTHING_KNOWN)

    def stop_collecting(self) -> None:
        """Want no more drains: the process ends, and what is under way is its own affair."""
        for collector in self.collectors.values():
            collector.close()

    def take_over(self) -> None:
        """See to what an earlier owner left of the accounts, once everything is restored."""
        for name, collector in self.collectors.items():
            collector.take_over(self.account(name))

    def clear(self) -> None:
        """Forget everything, before it is read again."""
        self.entries.clear()
        self._decoded.clear()
        self.accounts.clear()
        self.timers.clear()
        self.pending = 0

    def close(self) -> None:
        """Give up: lookups are cancelled, what arrives later is dropped, what is known takes no more memory."""
        self.ready = False
        self.clear()
        for ticket in list(self.asking.values()):
            ticket.cancel()
        self.asking.clear()
        self._questions.clear()
        self.mailbox.clear()
        self.answers.clear()
        for collector in self.collectors.values():
            collector.close()


def _question(key: bytes, state: MessageState) -> Lookup:
    return Lookup(
        account=account_of(key),
        message_id=state.message_id,
        extra_id=state.extra_id,
        detail=state.detail,
        anchor_at=state.anchor_at,
        trace=state.trace,
    )
