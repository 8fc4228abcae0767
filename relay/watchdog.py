"""Ends a process that is stuck: aiokafka is known to stop consuming for ever, and only a restart helps then.

Kafka being away is not being stuck: the process waits for it and says so.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from relay.observe.lines import Line
from relay.pulse import Pulse

STUCK_SECONDS = 60.0
CHECK_SECONDS = 5.0
LAST_WORDS_SECONDS = 5.0

log = structlog.get_logger("relay.watchdog")


class Watched:
    """What is watched: the event loop's pulse, and consumers whose topics have records that they don't take."""

    def __init__(self, pulse: Pulse, stuck_seconds: float = STUCK_SECONDS) -> None:
        self._pulse = pulse
        self._stuck_seconds = stuck_seconds
        self._behind_since: dict[str, float] = {}
        self.kafka_lost = False

    def stuck(self, now: float) -> str | None:
        """Return what has made no progress for too long, as of a monotonic instant."""
        if now - self._pulse.beat_at > self._stuck_seconds:
            return "the event loop is blocked"
        for name, since in list(self._behind_since.items()):
            if now - since > self._stuck_seconds:
                return f"{name}: no progress"
        return None

    def note(self, name: str, since: float | None, allowed_seconds: float) -> None:
        """Note since when (monotonic) something goes on, None if it doesn't, and how long it may."""
        if since is None:
            self._behind_since.pop(name, None)
        else:
            self._behind_since[name] = since + allowed_seconds - self._stuck_seconds

    async def watch_kafka(self, ask: Callable[[], Awaitable[Any]]) -> None:
        """Watch, for ever, whether Kafka answers; `ask` raises or hangs while it doesn't."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await ask()
            except (KafkaError, TimeoutError, OSError) as error:
                if not self.kafka_lost:
                    log.warning(Line.KAFKA_DISCONNECTED, why=type(error).__name__)
                self.kafka_lost = True
            else:
                if self.kafka_lost:
                    log.info(Line.KAFKA_RECONNECTED)
                self.kafka_lost = False

    async def watch_consumer(self, name: str, consumer_of: Callable[[], Any], waits: Callable[[], bool]) -> None:
        """Watch, for ever, whether a consumer takes records while there are some; `waits`: it has a reason not to."""
        before: dict[Any, int] = {}
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            consumer = consumer_of()
            try:
                positions, ends = await _places(consumer)
            except (KafkaError, TimeoutError, AttributeError):
                self._behind_since.pop(name, None)  # Kafka is away or the group rebalances: nothing to hold against it
                continue
            behind = any(ends[tp] > position and before.get(tp) == position for tp, position in positions.items())
            if behind and not waits():
                self._behind_since.setdefault(name, time.monotonic())
            else:
                self._behind_since.pop(name, None)
            before = positions


async def _places(consumer: Any) -> tuple[dict[Any, int], dict[Any, int]]:
    async with asyncio.timeout(CHECK_SECONDS):
        assigned = [tp for tp in consumer.assignment() if tp not in consumer.paused()]
        if not assigned:
            return {}, {}
        ends = await consumer.end_offsets(assigned)
        return {tp: await consumer.position(tp) for tp in assigned}, ends


def guard(watched: Watched, end: Callable[[int], None]) -> threading.Thread:
    """Start the thread that ends the process once something is stuck; it works even if the event loop is blocked."""

    def check() -> None:
        pause = threading.Event()
        while (why := watched.stuck(time.monotonic())) is None:
            pause.wait(1)
        last = threading.Timer(LAST_WORDS_SECONDS, end, (1,))
        last.daemon = True
        last.start()  # a log that blocks must not keep the process
        log.critical(Line.WATCHDOG_FIRED, why=why)
        end(1)

    thread = threading.Thread(target=check, name="watchdog", daemon=True)
    thread.start()
    return thread
