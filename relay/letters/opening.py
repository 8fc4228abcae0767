"""Opens the topic of dead letters: its letters, what is known of redriving them, and the topics they came from."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka.errors import KafkaError

from relay.configuration import Settings
from relay.explain.entries import Found
from relay.explain.reading import KafkaReads, reads_of
from relay.kafka.connection import admin_of, client_options
from relay.kafka.groups import redrive_group
from relay.letters.judging import judge_of
from relay.letters.kept import kept_marks
from relay.letters.marks import Marks, MarksUnreadable
from relay.letters.planning import Surroundings
from relay.letters.stored import Shelf

TOPIC = "dead_letters"
MARKS_SECONDS = 20  # longer than a transaction of a redrive that died


class NoLetters(Exception):  # noqa: N818 - it states a fact
    """The topic of dead letters is missing, or hidden from us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The topic of dead letters, to be read."""

    settings: Settings
    options: Mapping[str, Any]
    reads: KafkaReads

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return self.reads.partitions(TOPIC)

    @property
    def around(self) -> Surroundings:
        """The topics that letters may be written back to."""
        topics = self.settings.topics
        counts = {getattr(topics, name): self.reads.partitions(name) for name in ("fetch_requests", "messages_sent")}
        return Surroundings(topics=topics, counts=counts)

    async def read(self, take: Callable[[Found], None]) -> None:
        """Read every letter; raises what aiokafka raises, and TimeoutError."""
        await self.reads.read({(TOPIC, number) for number in range(self.partitions)}, take)

    async def shelf(self) -> Shelf:
        """Return all letters."""
        shelf = Shelf(judge_of(self.settings, datetime.now(UTC)))
        await self.read(shelf.take)
        return shelf

    async def marks(self) -> Mapping[int, Marks]:
        """Return which letters were redriven; raises what aiokafka raises, and MarksUnreadable."""
        group, topic = redrive_group(self.settings.relay.group), self.settings.topics.dead_letters
        async with asyncio.timeout(MARKS_SECONDS), admin_of(self.options) as admin:
            return await kept_marks(admin, group, topic, self.partitions, datetime.now(UTC))

    async def marks_if_allowed(self) -> Mapping[int, Marks] | None:
        """Return them, or None where they can't be had: to see a letter, a right to redrive isn't needed."""
        try:
            return await self.marks()
        except (KafkaError, TimeoutError, MarksUnreadable):
            return None


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Opened]:
    """Open the topic of dead letters; raises what aiokafka raises, TimeoutError and NoLetters."""
    options = client_options(settings.kafka)
    async with reads_of(settings, options) as reads:
        if not reads.partitions(TOPIC):
            raise NoLetters(f"{settings.topics.dead_letters} is missing or hidden from us; try `relay topics check`")
        yield Opened(settings=settings, options=options, reads=reads)
