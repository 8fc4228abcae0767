"""Plays the demo on its stage: sends the traffic, waits until all is published, compares with the truth."""

import asyncio
import time
from dataclasses import replace
from random import Random

from relay.demo.child import DemoFailed
from relay.demo.screen import Scene, Screen
from relay.demo.stage import Stage
from relay.demo.staging import EXPIRE_AFTER_SECONDS
from relay.demo.tally import Verdict
from relay.demo.traffic import Asking, Sending, Traffic, message_sent, planned, republish

FRAME_SECONDS = 0.25
QUIET_SECONDS = 1.5  # a change that was published twice would come in this time
LATE_SECONDS = 8.0  # after this, what is missing is missing


class Play:
    """One demo on its stage; `began` is the monotonic time from which the seconds shown are counted."""

    def __init__(self, stage: Stage, screen: Screen, *, run: str, count: int, began: float) -> None:
        self._stage = stage
        self._screen = screen
        self._began = began
        self._traffic: Traffic = planned(Random(run), run=run, count=count)  # noqa: S311 - lives, no secrets
        self._planned = sum(isinstance(act, Sending) for act in self._traffic.acts)

    async def run(self) -> Verdict:
        """Send everything and watch until nothing is missing, or until it is too late; raises DemoFailed."""
        with self._screen:
            sending = asyncio.create_task(self._send())
            try:
                await self._watch(sending)
            finally:
                sending.cancel()
        verdict = self._verdict()
        self._screen.summary(self._scene(), verdict)
        return verdict

    async def _watch(self, sending: asyncio.Task[None]) -> None:
        sent_at: float | None = None
        while sent_at is None or time.monotonic() < sent_at + EXPIRE_AFTER_SECONDS + LATE_SECONDS:
            self._screen.show(self._scene())
            await asyncio.sleep(FRAME_SECONDS)
            self._stage.relay.check()
            for task in (sending, self._stage.following):
                if task.done() and (error := task.exception()) is not None:
                    raise DemoFailed(f"Kafka can't be used: {type(error).__name__}: {error}")
            if sending.done():
                sent_at = sent_at or time.monotonic()
                if self._stage.reader.quiet_seconds > QUIET_SECONDS and not self._verdict().faults:
                    return

    async def _send(self) -> None:
        began = time.monotonic()
        for act in self._traffic.acts:
            await asyncio.sleep(began + act.at - time.monotonic())
            match act:
                case Sending():
                    await self._send_message(act)
                case Asking():
                    await self._ask(act.value)
        while not self._stage.tally.ask_again(self._traffic.republished):  # noqa: ASYNC110 - the tally is pure and tells nobody
            await asyncio.sleep(FRAME_SECONDS)
        await self._ask(republish(self._traffic.republished))

    async def _send_message(self, act: Sending) -> None:
        message = replace(act.message, sent_at=time.time())
        assert message.sent_at is not None
        self._stage.simulator.send(message)
        self._stage.tally.expect(message.message_id)
        if act.announced:
            self._stage.announced.add(message.message_id)
            await self._write(self._stage.staging.topics.messages_sent, message_sent(message, message.sent_at))

    async def _ask(self, value: bytes) -> None:
        await self._write(self._stage.staging.topics.fetch_requests, value)

    async def _write(self, topic: str, value: bytes) -> None:
        await self._stage.producer.send_and_wait(topic, value)

    def _verdict(self) -> Verdict:
        found = self._stage.tally.verdict(self._stage.simulator.truth(), silent=(self._traffic.asked_once,))
        letters = self._stage.reader.dead_letters
        if letters == 1:
            return found
        return replace(found, faults=(*found.faults, f"the malformed record gave {letters} dead letters instead of 1"))

    def _scene(self) -> Scene:
        return Scene(
            seconds=time.monotonic() - self._began,
            planned=self._planned,
            counts=self._stage.tally.counts(),
            lookups=self._stage.simulator.stats().requests,
            dead_letters=self._stage.reader.dead_letters,
        )
