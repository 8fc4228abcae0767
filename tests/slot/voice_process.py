"""A process that owns an account's slot, without Kafka: its turns are committed by hand, and it may die any time."""

import asyncio
from dataclasses import dataclass
from typing import Any

from relay.core.collecting import AccountState
from relay.core.items import Unanswered
from relay.core.rules import Collecting, Rules
from relay.core.schedule import Urgency
from relay.kafka.records import Outgoing
from relay.observe.metrics import Metrics
from relay.slot.arming import arm_restored, fire
from relay.slot.collection import Collection
from relay.slot.deciding import apply_turn, decide_turn
from relay.slot.drains import Drains
from relay.slot.slot import Slot
from relay.slot.turn import Turn
from tests.collected import ACCOUNT, collecting, voice_rules
from tests.slot.stored import RAW, Record
from tests.slot.voice_world import FakeSource, FakeWriter, World
from tests.virtual_time import settled

METRICS = Metrics("1.0")
ARMED_AT_ONCE = 2


@dataclass(eq=False)
class Ticket:
    """A lookup that nobody carries out."""

    may_hurry: bool = False

    def cancel(self) -> None:
        """Have nothing to cancel."""


class FakeAsks:
    """Takes every question; the process answers "not now"."""

    def ask(self, account: str, asker: Slot, key: bytes, *, due: float, urgency: Urgency) -> Ticket:  # noqa: ARG002 - the seam's
        """Take a question."""
        return Ticket()


def letter(record: Record, code: str, why: str, *, element: tuple[int, bytes] | None = None) -> Outgoing:
    """Make a dead letter that says where it is from: the record's offset, and the element's number if it is of one."""
    place, value = (str(record.offset), record.value)
    if element is not None:
        place, value = f"{place}/{element[0]}", element[1]
    return Outgoing("letters", 0, place.encode(), value, [("code", code.encode())])


class Process:
    """One process of the relay; what it holds is lost when it dies."""

    def __init__(self, world: World, how: Collecting | None = None) -> None:
        self.world = world
        self.rules = voice_rules(how or collecting())
        assert self.rules.collecting is not None
        source: Any = FakeSource(world.provider, world)
        writer: Any = FakeWriter(world)
        self.drains = Drains(writer, RAW, METRICS, world.now)
        self._collection = Collection(
            {ACCOUNT: (source, self.rules.collecting)},
            self.drains,
            partitions=1,
            is_read=self._is_read,
            failed=world.failures.append,
            metrics=METRICS,
            clock=world.now,
        )
        self._to_arm: list[bytes] = []
        self.own()

    def own(self) -> None:
        """Acquire the slot (anew): all that it knows is what is stored."""
        self._fetched_inbox, self._fetched_raw = self.world.next_offset, self.world.next_raw
        answers = self._collection.answers(letter, lambda: None)
        member: Any = object()
        self.slot = slot = Slot(0, member, self._rules_of, FakeAsks(), lambda: None, answers=answers)
        self._collection.move_in(slot)
        for key, value in self.world.state.items():
            slot.store(key, value)
        slot.next_offset = slot.mailbox.next_fetched = self.world.next_offset
        slot.next_raw = self.world.next_raw
        slot.answers.begin(self.world.next_raw)
        slot.ready = True
        slot.take_over()
        self._to_arm = list(slot.entries)

    def _rules_of(self, account: str) -> Rules | None:
        return self.rules if account == ACCOUNT else None

    async def _is_read(self, _partition: int) -> bool:
        return self._fetched_raw >= len(self.world.raw)

    def fetch(self) -> None:
        """Receive what came into inbox and raw topic."""
        now, monotonic = self.world.now(), self.monotonic
        for offset in range(self._fetched_inbox, len(self.world.inbox)):
            self.slot.receive(self.world.inbox[offset], offset, now, monotonic)
        for record in self.world.raw[self._fetched_raw :]:
            self.slot.answers.receive(record, monotonic)
        self._fetched_inbox, self._fetched_raw = len(self.world.inbox), len(self.world.raw)

    @property
    def monotonic(self) -> float:
        """The monotonic time."""
        return asyncio.get_running_loop().time()

    @property
    def account(self) -> AccountState:
        """What the slot knows of the account."""
        return self.slot.account(ACCOUNT)

    def decided(self, limit: int = 500) -> Turn | None:
        """Decide a turn as the loop does; None if there is nothing to decide."""
        slot, now, monotonic = self.slot, self.world.now(), self.monotonic
        fire(slot, now)
        for key in list(slot.asking):
            slot.answer(key, Unanswered(asked=False))
        drains_at = slot.drains_at(monotonic)
        taken = slot.take(monotonic, limit)
        places = (taken.next_offset, slot.answers.next_offset)
        idle = not (taken.items or taken.letters or taken.chunks) and places == (slot.next_offset, slot.next_raw)
        if idle and (drains_at is None or drains_at > monotonic):
            return None
        return decide_turn(slot, taken, now, self._rules_of)

    def committed(self, turn: Turn) -> Turn:
        """Commit a turn that writes something; whoever owns the slot no more can't."""
        if turn.writes_something:
            self.world.commit(turn)
        return turn

    def apply(self, turn: Turn) -> None:
        """Make a committed turn the slot's memory."""
        apply_turn(turn, self.world.now())

    def arm(self) -> None:
        """Arm some of what was restored, as happens while the slot works already."""
        for key in self._to_arm[:ARMED_AT_ONCE]:
            arm_restored(self.slot, key, self.world.now())
        del self._to_arm[:ARMED_AT_ONCE]

    async def turn(self, limit: int = 500) -> Turn | None:
        """Receive, decide, commit and apply; then let happen what follows at once."""
        self.fetch()
        await settled()
        turn = self.decided(limit)
        if turn is not None:
            self.apply(self.committed(turn))
        self.arm()
        await settled()
        return turn

    async def turns(self, count: int = 8, limit: int = 500) -> None:
        """Run so many turns."""
        for _ in range(count):
            await self.turn(limit)

    def let_go(self) -> None:
        """Lose the slot to another process; what was asked goes on."""
        self.slot.close()

    def die(self) -> None:
        """End without a word: nothing that was under way goes on."""
        self.slot.close()
        for task in list(self.drains._tasks.values()):
            task.cancel()
