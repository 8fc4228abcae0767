"""Follows the published topics as any consumer would, read_committed, and puts what it reads into the tally."""

import json
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer

from relay.configuration import TopicSettings
from relay.demo.tally import Tally

POLL_MILLISECONDS = 100

KnewAt = Callable[[str, str], float | None]


class Reader:
    """Reads events and dead letters; `quiet_seconds` says for how long nothing came."""

    def __init__(self, options: dict[str, Any], topics: TopicSettings, tally: Tally, knew_at: KnewAt) -> None:
        self._letters = topics.dead_letters
        self._tally = tally
        self._knew_at = knew_at
        self._read_at = time.monotonic()
        self.dead_letters = 0
        self.consumer = AIOKafkaConsumer(
            topics.delivered,
            topics.seen,
            topics.failed,
            topics.answered,
            topics.dead_letters,
            **options,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            enable_auto_commit=False,
        )

    @property
    def quiet_seconds(self) -> float:
        """For how long nothing was published."""
        return time.monotonic() - self._read_at

    async def follow(self) -> None:
        """Read for ever."""
        while True:
            for records in (await self.consumer.getmany(timeout_ms=POLL_MILLISECONDS)).values():
                for record in records:
                    self._take(record.topic, record.value, time.time())

    def _take(self, topic: str, value: bytes, at: float) -> None:
        self._read_at = time.monotonic()
        if topic == self._letters:
            self.dead_letters += 1
            return
        event = json.loads(value)
        self._tally.read(event, at=at, knew_at=self._knew_at(event["message_id"], event["type"]))
