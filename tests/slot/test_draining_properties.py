"""Whatever fails, dies or is slow, at whatever step of a drain: no report is lost that need not be, and none twice."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from relay.core.model import Request
from relay.slot import answers, raw
from relay.slot.raw import Part, part_of
from relay.slot.turn import Turn
from tests.builders import a_sent, after
from tests.collected import ACCOUNT, a_voice_request, an_unread_request, collecting
from tests.slot.voice_process import Process
from tests.slot.voice_world import GARBLED, How, Taken, World, read_body, the_report
from tests.virtual_time import in_virtual_time, settled

MESSAGES = [f"m-{number}" for number in range(7)]
HOW = collecting(limit=3)
PART_BYTES = 4  # a page of two messages needs two parts
LIMIT = 2  # reports decided in a turn
PATIENCE = 8  # steps
EXAMPLES = 45  # a few thousand take minutes, and found nothing more
ROUNDS, ROUND_SECONDS = 200, 5.0


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
NUMBERS = range(len(MESSAGES))
LEARNED: list[Step] = [("learn", number) for number in NUMBERS]
ASKED: list[Step] = [("ask", (kind, number)) for kind in ("sent", "fetch") for number in NUMBERS]
ASKED += [("ask", ("bulk", 0)), ("ask", ("bulk", 1)), ("ask", ("unread", 0))]
ENDS = ("die", "move", "again")
MISHAPS: list[Step] = [
    *(("answer", how) for how in How),
    *(("store", how) for how in Taken),
    *(("end", (end, when)) for end in ENDS for when in ("now", "asked", "read")),
    *(("end_in_turn", (end, of, commits)) for end in ENDS for of in ("intents", "events") for commits in (False, True)),
    *(("lose", log_is_up) for log_is_up in (False, True)),
    *(("outlive", seconds) for seconds in (0.5, 17.0, 17.0)),
    *(("freeze", (seconds, replaced)) for seconds in (0.5, 20.0) for replaced in (False, True)),
]
TIMES: list[Step] = [
    *(("wait", seconds) for seconds in (0.3, 2.0, 11.0, 17.0, 32.0)),
    *(("go_on", count) for count in (1, 2, 3, 8)),
    *(("turns", limit) for limit in (1, 2, 500)),
    *(("log", up) for up in (False, True)),
]
beginnings = st.lists(st.sampled_from([*LEARNED * 3, *ASKED]), min_size=5, max_size=10)
some = st.sampled_from([*MISHAPS, *TIMES * 2, *LEARNED, *ASKED[::2]])
middles = st.lists(some, min_size=1, max_size=5) | st.lists(some, min_size=8, max_size=16)
scripts = st.builds(lambda first, then: first + then, beginnings, middles)


async def healed(play: Play) -> None:
    """Let everything go well from now on, until nothing is left to do."""
    world, provider = play.world, play.world.provider
    world.held = provider.held = False
    provider.log_is_up = True
    while provider.waiting:
        provider.answer(How.FINE)
    while world.writes:
        world.acknowledge(Taken.ONCE)
    for _ in range(ROUNDS):
        await play.process.turns(3)
        await asyncio.sleep(ROUND_SECONDS)
        if is_quiet(world) and provider.log_is_there in (False, not world.account().gaps):
            return
    raise AssertionError(f"stuck: {world.account()}, {world.state}")


def is_quiet(world: World) -> bool:
    """Tell whether all that came was decided and nothing is under way."""
    places = (world.next_offset, world.next_raw)
    return (
        places == (len(world.inbox), len(world.raw))
        and world.account().intent is None
        and not [key for key in world.state if key.startswith(b"lookup/")]
    )


def whole_answers(world: World) -> Iterator[tuple[set[str], list[set[int]]]]:
    """Give the messages of each whole answer in the raw topic that can be read, and the offsets of its parts."""
    answers: dict[str, dict[int, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for record in world.raw:
        part = part_of(record)
        answers[part.response_id][part.part].append(part)
    for parts in answers.values():
        first = next(iter(parts.values()))[0]
        body = b"".join(parts[number][0].record.value for number in sorted(parts))
        if len(parts) == first.parts and first.status == 200 and not body.startswith(GARBLED):
            told = {report.message_id or "" for report in read_body(body).reports}
            yield told, [{part.record.offset for part in copies} for copies in parts.values()]


def told_by_drains(world: World) -> set[str]:
    """Return the messages whose reports were stored, but for answers that are dead letters, part by part."""
    refused = {int(letter.key) for letter in world.letters if letter.key is not None and letter.key.isdigit()}
    published = {event.message_id or "" for event in world.events}
    told: set[str] = set()
    for messages, parts in whole_answers(world):
        kept_otherwise = all(copies & refused for copies in parts)
        told |= messages & published if kept_otherwise else messages
    return told


async def played(script: list[Step], *, log_is_there: bool) -> World:
    """Carry a script out to a good end; return what is left."""
    world = World(held=True)
    world.provider.held = True
    world.provider.log_is_there = log_is_there
    play = Play(world, Process(world, HOW))
    for word, what in script:
        await play.step(word, what)
    await healed(play)
    world.ask(an_unread_request(request_id="the last", received_at=after(1e6)))
    await healed(play)
    for process in [play.process, *play.former]:
        process.die()
    await settled()
    assert world.failures == []
    return world


def holds(world: World, told: set[str]) -> None:
    """Check that exactly the events of these messages were published, each once, in its sequence."""
    for message_id in MESSAGES:
        events = [event for event in world.events if event.message_id == message_id]
        report = the_report(message_id)
        expected = [report.outcome.value, *sorted(report.engagements)] if message_id in told else []
        assert [event.type.value for event in events] == expected, message_id
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))


def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make parts small, and give them up soon, so that short scripts meet both."""
    monkeypatch.setattr(raw, "PART_BYTES", PART_BYTES)
    monkeypatch.setattr(answers, "FRAGMENT_SECONDS", 30.0)


@settings(max_examples=EXAMPLES)
@given(scripts)
@in_virtual_time
async def test_nothing_is_lost_with_a_log_and_nothing_comes_twice(script: list[Step]) -> None:
    """Also what was handed out and lost on its way is published, once, whatever happened between any two steps."""
    with pytest.MonkeyPatch.context() as monkeypatch, capture_logs():
        hurried(monkeypatch)
        world = await played(script, log_is_there=True)
    assert world.provider.unread == []
    holds(world, set(world.provider.known))


@settings(max_examples=EXAMPLES)
@given(scripts)
@in_virtual_time
async def test_what_was_stored_is_published_without_a_log(script: list[Step]) -> None:
    """Each report that is in the raw topic as a whole is published, once; no other can be."""
    with pytest.MonkeyPatch.context() as monkeypatch, capture_logs():
        hurried(monkeypatch)
        world = await played(script, log_is_there=False)
    assert world.provider.unread == []
    holds(world, told_by_drains(world))
