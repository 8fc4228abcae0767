"""Follows the published topics as any consumer would, read_committed, and puts what it reads into the tallies.

Of the relay's own state it reads what it keeps of the voice account: which drains have had no answer.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer

from relay.configuration import TopicSettings
from relay.demo.collected import Gaps
from relay.demo.staging import VOICE_ACCOUNT
from relay.demo.tally import Tally
from relay.slot.codec import decode_account
from relay.slot.keys import account_key

POLL_MILLISECONDS = 100
ACCOUNT_KEY = account_key(VOICE_ACCOUNT)

KnewAt = Callable[[str, str], float | None]


class Reader:
    """Reads events, dead letters and the voice account's state; `quiet_seconds` says for how long nothing came."""

    def __init__(
        self, options: dict[str, Any], topics: TopicSettings, tallies: Mapping[str, Tally], gaps: Gaps, knew_at: KnewAt
    ) -> None:
        self._topics = topics
        self._tallies = tallies
        self._gaps = gaps
        self._knew_at = knew_at
        self._read_at = time.monotonic()
        self.dead_letters = 0
        self.consumer = AIOKafkaConsumer(
            topics.delivered,
            topics.seen,
            topics.failed,
            topics.answered,
            topics.dead_letters,
            topics.state,
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
                    if record.topic == self._topics.state:
                        self._take_state(record.key, record.value)
                    else:
                        self._take(record.topic, record.value, time.time())

    def _take_state(self, key: bytes, value: bytes | None) -> None:
        if key == ACCOUNT_KEY and value is not None:
            self._gaps.read(drain_id for gap in decode_account(value).gaps for drain_id in gap.drains)

    def _take(self, topic: str, value: bytes, at: float) -> None:
        self._read_at = time.monotonic()
        if topic == self._topics.dead_letters:
            self.dead_letters += 1
            return
        event = json.loads(value)
        knew_at = self._knew_at(event["message_id"], event["type"])
        self._tallies[event["account"]].read(event, at=at, knew_at=knew_at)
