"""Carries scripts of what may happen to an account's drains out, step by step."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from relay.core.model import Request
from relay.slot.turn import Turn
from tests.builders import a_sent, after
from tests.collected import ACCOUNT, a_voice_request, an_unread_request, collecting
from tests.slot.voice_process import Process
from tests.slot.voice_provider import How
from tests.slot.voice_world import Taken, World
from tests.virtual_time import settled

MESSAGES = [f"m-{number}" for number in range(7)]
HOW = collecting(limit=3)
LIMIT = 2  # reports decided in a turn
PATIENCE = 8  # steps


@dataclass
class Play:
    """Carries a script out: each step is a word and what it is about."""

    world: World
    process: Process
    former: list[Process] = field(default_factory=list)
    count: int = 0

    async def step(self, word: str, what: Any) -> None:
        """Carry one step out."""
        await getattr(self, f"_{word}")(what)
        await settled()

    async def _learn(self, number: int) -> None:
        self.world.provider.knows(f"m-{number}")

    async def _ask(self, what: tuple[str, int]) -> None:
        self.count += 1
        self.world.ask(a_question(*what, self.count))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _log(self, up: bool) -> None:  # noqa: FBT001 - a step of a script
        self.world.provider.log_is_up = up

    async def _go_on(self, count: int) -> None:
        """Do so often what comes next in the life of a drain: store what was read, else answer, else run a turn."""
        for _ in range(count):
            if self.world.writes:
                self.world.acknowledge(Taken.ONCE)
            elif self.world.provider.waiting:
                self.world.provider.answer(How.FINE)
            else:
                await self.process.turn(LIMIT)
            await settled()

    async def _turns(self, limit: int) -> None:
        await self.process.turns(4, limit)

    async def _until(self, waits: Collection[object]) -> None:
        """Go on, for a while, until something waits."""
        for _ in range(PATIENCE):
            if not waits:
                await self._go_on(1)

    async def _answer(self, how: How) -> None:
        await self._until(self.world.provider.waiting)
        self.world.provider.answer(how)

    async def _store(self, how: Taken) -> None:
        await self._until(self.world.writes)
        self.world.acknowledge(how)

    async def _end(self, what: tuple[str, str]) -> None:
        """End the process or its ownership now, or while a GET or a write is under way."""
        how, when = what
        if when != "now":
            await self._until(self.world.provider.waiting if when == "asked" else self.world.writes)
        self._over(how)

    def _over(self, how: str) -> None:
        """End without a word; or lose the slot, while what was asked goes on; or acquire it anew."""
        if how == "again":
            self.process.let_go()
            self.process.own()
            return
        if how == "die":
            self.process.die()
        else:
            self.process.let_go()
            self.former.append(self.process)
        self.process = Process(self.world, HOW)

    async def _lose(self, log_is_up: bool) -> None:  # noqa: FBT001 - a step of a script
        """Lose an answer on its way, while the log can be read or not."""
        self.world.provider.log_is_up = log_is_up
        await self._answer(How.LOST)

    async def _outlive(self, seconds: float) -> None:
        """Lose the slot with a body that Kafka does not take, and let the next owner wait for so long."""
        await self._end(("move", "read"))
        await asyncio.sleep(seconds)
        await self._turns(LIMIT)

    async def _next_turn(self, what: str) -> Turn | None:
        """Decide the next turn that has intents, or events, or letters; None if none comes for a while."""
        for _ in range(PATIENCE):
            self.process.fetch()
            await settled()
            turn = self.process.decided(LIMIT)
            if turn is not None and getattr(turn, what):
                return turn
            if turn is not None:
                self.process.apply(self.process.committed(turn))
            self.process.arm()
            await self._go_on(1)
        return None

    async def _end_in_turn(self, what: tuple[str, str, bool]) -> None:
        """End before or after the commit of a turn."""
        how, of, commits = what
        turn = await self._next_turn(of)
        if turn is not None:
            if commits:
                self.process.committed(turn)
            self._over(how)

    async def _freeze(self, what: tuple[float, bool]) -> None:
        """Stand still between the commit of an intent and its GET, and perhaps lose the slot to another process."""
        seconds, replaced = what
        turn, frozen = await self._next_turn("intents"), self.process
        if turn is None:
            return
        frozen.committed(turn)
        if replaced:
            self.former.append(frozen)
            self.process = Process(self.world, HOW)
        await asyncio.sleep(seconds)
        if replaced:
            await self._go_on(PATIENCE)
        frozen.apply(turn)
        if replaced:
            await settled()
            frozen.let_go()


def a_question(kind: str, number: int, count: int) -> Request:
    """Return a request of the kind."""
    names = {"request_id": f"req-{count}", "received_at": after(count)}
    match kind:
        case "sent":
            return a_sent(account=ACCOUNT, message_id=f"m-{number}", received_at=after(count), anchor_at=after(count))
        case "fetch":
            return a_voice_request(message_id=f"m-{number}", follow=False, **names)
        case "bulk":
            return an_unread_request(bulk_id=f"b-{number % 2}", **names)
        case _:
            return an_unread_request(**names)


Step = tuple[str, Any]
