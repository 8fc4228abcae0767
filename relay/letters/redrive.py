"""A redrive from its beginning to its end: what is meant, what is known, what is written."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from relay.configuration import Settings
from relay.kafka.connection import client_options
from relay.kafka.groups import redrive_group
from relay.letters.opening import opened
from relay.letters.planning import Choice, Planned, Verdict, planned
from relay.letters.redriving import Written, letters_at, redriving
from relay.letters.stored import Shelf

Shown = Callable[[int], AbstractContextManager[Written]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """What was, or would be, done with each letter that was meant; `unknown`: ids of no letter."""

    plan: Sequence[Planned]
    unknown: Sequence[str]
    unreadable: Sequence[str]
    written: int = 0


async def dry_run(settings: Settings, choice: Choice) -> Redrive:
    """Say what a redrive would do; raises what aiokafka raises, TimeoutError, NoLetters, MarksUnreadable."""
    async with opened(settings) as letters:
        shelf = await letters.shelf()
        plan = planned(shelf, await letters.marks(), choice, letters.around)
    return _redrive(plan, shelf, choice, 0)


async def redrive(settings: Settings, choice: Choice, shown: Shown) -> Redrive:
    """Write the records back that may be, and remember that; `shown` is told how many there are, and how it goes.

    What is known is read after the right to redrive was taken: so nobody else can add to it meanwhile.

    Raises what `dry_run` raises, RedriveFailed and TooScattered.
    """
    options, topic = client_options(settings.kafka), settings.topics.dead_letters
    group = settings.relay.group
    take = partial(redriving, options, group=redrive_group(group), transactional_id=f"{group}:redrive", topic=topic)
    async with take() as redrive_:
        async with opened(settings) as letters:
            shelf, marks = await letters.shelf(), await letters.marks()
            plan = planned(shelf, marks, choice, letters.around)
        places = [each.letter.found_at for each in plan if each.verdict is Verdict.WRITE]
        with shown(len(places)) as written:
            count = await redrive_.write(letters_at(options, topic, places), plan, shelf, marks, written)
    return _redrive(plan, shelf, choice, count)


def _redrive(plan: Sequence[Planned], shelf: Shelf, choice: Choice, written: int) -> Redrive:
    unknown = sorted(choice.wanted.ids - shelf.letters.keys())
    return Redrive(plan=plan, unknown=unknown, unreadable=shelf.unreadable, written=written)
