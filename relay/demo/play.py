"""Plays the demo on its stage: sends the traffic, waits until all is published, compares with the truth."""

import asyncio
import time
from dataclasses import replace
from random import Random

from relay.demo.balance import Balance
from relay.demo.child import DemoFailed
from relay.demo.figures import Scene
from relay.demo.screen import Screen
from relay.demo.stage import Stage
from relay.demo.staging import EXPIRE_AFTER_SECONDS, HYBER_ACCOUNT, VOICE_ACCOUNT
from relay.demo.traffic import (
    Asking,
    Placing,
    Sending,
    Traffic,
    answered_call,
    call_sent,
    message_sent,
    planned,
    republish,
)
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.infobip import InfobipSite

FRAME_SECONDS = 0.25
QUIET_SECONDS = 1.5  # a change that was published twice would come in this time
LATE_SECONDS = 8.0  # after this, what is missing is missing
CUT_OFF = Fault(kind=FaultKind.CUT, account=InfobipSite().account, times=1)


class Play:
    """One demo on its stage; `began` is the monotonic time from which the seconds shown are counted."""

    def __init__(self, stage: Stage, screen: Screen, *, run: str, count: int, began: float) -> None:
        self._stage = stage
        self._screen = screen
        self._began = began
        self._run = run
        self._random = Random(run)  # noqa: S311 - lives, no secrets
        self._traffic: Traffic = planned(self._random, run=run, count=count)
        self._called = False  # for the fault that is in force
        self._planned = sum(isinstance(act, Sending | Placing) for act in self._traffic.acts)

    async def run(self) -> Balance:
        """Send everything and watch until nothing is missing, or until it is too late; raises DemoFailed."""
        with self._screen:
            sending = asyncio.create_task(self._send())
            try:
                await self._watch(sending)
            finally:
                sending.cancel()
        balance = self._balance()
        self._screen.summary(self._scene(), balance)
        return balance

    async def _watch(self, sending: asyncio.Task[None]) -> None:
        began, sent_at = time.monotonic(), None
        while sent_at is None or time.monotonic() < sent_at + EXPIRE_AFTER_SECONDS + LATE_SECONDS:
            self._screen.show(self._scene())
            await asyncio.sleep(FRAME_SECONDS)
            self._stage.relay.check()
            for task in (sending, self._stage.following):
                if task.done() and (error := task.exception()) is not None:
                    raise DemoFailed(f"Kafka can't be used: {type(error).__name__}: {error}")
            if time.monotonic() >= began + self._traffic.cut_at:
                await self._cut_one_answer_off(all_sent=sending.done())
            if sending.done():
                sent_at = sent_at or time.monotonic()
                if self._stage.reader.quiet_seconds > QUIET_SECONDS and not self._balance().faults:
                    return

    async def _cut_one_answer_off(self, *, all_sent: bool) -> None:
        """Keep a fault in force until it has struck an answer with reports: an empty one shows nothing.

        Where all reports were collected before it came, one more call is placed.
        """
        simulator = self._stage.simulator
        # Whoever met the last fault may still be waiting for the answer that it spoils.
        if simulator.stats().in_flight or any(report.cut for report in simulator.handed_out()):
            return
        if not simulator.faults:
            simulator.faults.add(CUT_OFF)
            self._called = False
        if all_sent and not simulator.unread() and not self._called:
            self._planned, self._called = self._planned + 1, True
            await self._place_call(Placing(at=0.0, call=answered_call(self._random, self._run), announced=True))

    async def _send(self) -> None:
        began = time.monotonic()
        for act in self._traffic.acts:
            await asyncio.sleep(began + act.at - time.monotonic())
            match act:
                case Sending():
                    await self._send_message(act)
                case Placing():
                    await self._place_call(act)
                case Asking():
                    await self._ask(act.value)
        while not self._stage.tallies[HYBER_ACCOUNT].ask_again(self._traffic.republished):  # noqa: ASYNC110 - the tally is pure and tells nobody
            await asyncio.sleep(FRAME_SECONDS)
        await self._ask(republish(self._traffic.republished))

    async def _send_message(self, act: Sending) -> None:
        sent_at = time.time()
        message = replace(act.message, sent_at=sent_at)
        self._stage.simulator.send(message)
        self._stage.tallies[HYBER_ACCOUNT].expect(message.message_id)
        if act.announced:
            self._stage.timed.add(message.message_id)
            await self._announce(message_sent(message, sent_at))

    async def _place_call(self, act: Placing) -> None:
        sent_at = time.time()
        call = replace(act.call, sent_at=sent_at)
        self._stage.simulator.send_call(call)
        self._stage.tallies[VOICE_ACCOUNT].expect(call.message_id, asked=act.announced)
        self._stage.timed.add(call.message_id)
        if act.announced:
            await self._announce(call_sent(call, sent_at))

    async def _announce(self, value: bytes) -> None:
        await self._write(self._stage.staging.topics.messages_sent, value)

    async def _ask(self, value: bytes) -> None:
        await self._write(self._stage.staging.topics.fetch_requests, value)

    async def _write(self, topic: str, value: bytes) -> None:
        await self._stage.producer.send_and_wait(topic, value)

    def _balance(self) -> Balance:
        tallies, simulator = self._stage.tallies, self._stage.simulator
        return Balance(
            verdicts={
                HYBER_ACCOUNT: tallies[HYBER_ACCOUNT].verdict(simulator.truth(), silent=(self._traffic.asked_once,)),
                VOICE_ACCOUNT: tallies[VOICE_ACCOUNT].verdict(simulator.call_truth()),
            },
            collected=self._stage.collected(),
            dead_letters=self._stage.reader.dead_letters,
        )

    def _scene(self) -> Scene:
        return Scene(
            seconds=time.monotonic() - self._began,
            planned=self._planned,
            accounts={account: tally.counts() for account, tally in self._stage.tallies.items()},
            collected=self._stage.collected(),
            lookups=self._stage.simulator.stats().requests,
            dead_letters=self._stage.reader.dead_letters,
        )
