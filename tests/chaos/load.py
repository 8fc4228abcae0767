"""Messages and calls at an even rate, asked about in every way; what Kafka would not take is written again."""

import asyncio
import random
import uuid
from datetime import UTC, datetime
from typing import Any

from aiokafka.errors import KafkaError

from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.messages import Message
from tests.chaos.poison import Poison
from tests.running import World
from tests.scripts import SCRIPTS

TICK_SECONDS = 0.1
AGAIN_SECONDS = 0.3
ENDS = tuple(CallEnd)
POISONED = 0.2  # of the ticks: two hostile records in a second
UNTOLD = 10  # one call in so many is nobody's: its report comes with others'


class Load:
    """What one round sends; the ids of it are kept for the checker."""

    def __init__(
        self, world: World, draw: random.Random, *, messages: int, calls: int, poison: Poison | None = None
    ) -> None:
        """Take how many of each there are to be in a second; with poison, there is a hostile record now and then."""
        self.message_ids: list[str] = []
        self.call_ids: list[str] = []
        self._world = world
        self._draw = draw
        self._poison = poison
        self._per_tick = (messages * TICK_SECONDS, calls * TICK_SECONDS)
        self._due = [0.0, 0.0]
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Send until told to stop, and return once everything is written."""
        loop = asyncio.get_running_loop()
        at = loop.time()
        while not self._stopped.is_set():
            await self._send(*self._counts())
            at = max(at + TICK_SECONDS, loop.time() - 1)  # what a lost broker held up is not made up for
            try:
                async with asyncio.timeout_at(at):
                    await self._stopped.wait()
            except TimeoutError:
                continue

    def stop(self) -> None:
        """Let `run` end."""
        self._stopped.set()

    def _counts(self) -> tuple[int, int]:
        for index, part in enumerate(self._per_tick):
            self._due[index] += part
        messages, calls = (int(due) for due in self._due)
        self._due = [self._due[0] - messages, self._due[1] - calls]
        return messages, calls

    async def _send(self, messages: int, calls: int) -> None:
        batch = [self._message() for _ in range(messages)]
        spoken = [self._call() for _ in range(calls)]
        self._world.simulator.send_many(batch)
        self._world.simulator.send_calls(spoken)
        self.message_ids += [message.message_id for message in batch]
        self.call_ids += [call.message_id for call in spoken]
        asked = [self._asked(message) for message in batch]
        poisoned = [self._poison.write()] if self._poison and self._draw.random() < POISONED else []
        await asyncio.gather(*asked, *(self._announced(call) for call in spoken), *poisoned)

    def _message(self) -> Message:
        return Message(message_id=self._id(), extra_id=self._id(), steps=self._draw.choice(SCRIPTS))

    def _call(self) -> VoiceCall:
        ending = ended(self._draw.uniform(0, 2), self._draw.choice(ENDS), family=self._draw.choice(("5xxx", "10xxx")))
        return VoiceCall(message_id=self._id(), endings=(ending,))

    def _id(self) -> str:
        return str(uuid.UUID(int=self._draw.getrandbits(128), version=4))

    async def _asked(self, message: Message) -> None:
        way = self._draw.randrange(4)
        if way == 0:
            await self._fetch("main", extra_id=message.extra_id)
        elif way == 1:
            await self._sent("main", message.message_id)
        else:
            again = {"message_id": message.message_id} if way == 2 else {"extra_id": message.extra_id}
            await asyncio.gather(self._fetch("main", message_id=message.message_id), self._fetch("main", **again))

    async def _announced(self, call: VoiceCall) -> None:
        way = self._draw.randrange(UNTOLD)
        if way == 1:
            await self._fetch("voice", message_id=call.message_id)
        elif way > 1:
            await self._sent("voice", call.message_id)

    async def _fetch(self, account: str, **fields: Any) -> None:
        await self._written("fetch_requests", {"request_id": self._id(), "account": account, **fields})

    async def _sent(self, account: str, message_id: str) -> None:
        sent_at = datetime.now(UTC).isoformat()
        await self._written("messages_sent", {"account": account, "message_id": message_id, "sent_at": sent_at})

    async def _written(self, topic: str, value: dict[str, Any]) -> None:
        while True:
            try:
                await self._world.send(topic, value)
            except KafkaError:
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return
