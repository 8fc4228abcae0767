"""Whatever fails, dies or is slow, at whatever step of a drain: no report is lost that need not be, and none twice."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from relay.slot import answers, raw
from relay.slot.raw import Part, part_of
from tests.builders import after
from tests.collected import an_unread_request
from tests.slot.play import HOW, MESSAGES, Play, Step
from tests.slot.voice_process import Process
from tests.slot.voice_provider import GARBLED, How, read_body, the_report
from tests.slot.voice_world import Taken, World
from tests.virtual_time import in_virtual_time, settled

PART_BYTES = 4  # a page of two messages needs two parts
EXAMPLES = 45  # a few thousand take minutes, and found nothing more
ROUNDS, ROUND_SECONDS = 200, 5.0

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
