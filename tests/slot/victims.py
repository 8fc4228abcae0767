"""An account under load, replicas that stop or die at a step of a drain, and the proof that nothing was lost by it."""

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.checking import NOTHING
from tests.polling import eventually, eventually_async
from tests.replica import Replica
from tests.voice import Setup, VoiceAccount, assert_limits_kept, voices

FAILPOINTS = (str(Path(__file__).with_name("failpoints.py")),)
SHORT = {"SHORT_SESSION": "on"}
LIMIT = 10
CALLS = 37
ENDS = (CallEnd.ANSWERED, CallEnd.MACHINE, CallEnd.BUSY, CallEnd.NO_ANSWER)
UNLOGGED = Setup(account={"limit": LIMIT, "logs_path": ""}, site=InfobipSite(logs_path=""))
LOGGED = Setup(account={"limit": LIMIT})


@contextlib.asynccontextmanager
async def voice(servers: str, folder: Path, setup: Setup = LOGGED) -> AsyncIterator[VoiceAccount]:
    """Open a world with one account; at its end hold its traffic to the log's limit."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - it takes no time
    async with voices(servers, folder, {"voice": setup}) as accounts:
        yield accounts["voice"]
        assert_limits_kept(accounts["voice"], in_flight=2)


class Victims:
    """How replicas are started that stop at a step, and the order to stop."""

    def __init__(self, account: VoiceAccount, step: str, action: str) -> None:
        self.account = account
        self.trigger = account.relay.folder / f"trigger-{step}"
        self._environment = {**SHORT, "FAILPOINT": step, "TRIGGER": str(self.trigger), "ACTION": action}

    async def started(self) -> Replica:
        """Start one and wait until it is ready."""
        return await self.account.relay.started(FAILPOINTS, environment=self._environment)

    async def struck(self) -> Replica:
        """Order the stop, and wait for the replica that comes to the step first."""
        relay, before = self.account.relay, self._stopped()
        self.trigger.touch()
        await eventually(lambda: len(self._stopped()) > len(before), seconds=30, what="stop at the step")
        assert not self.trigger.exists()
        return next(one for one in relay.replicas if one in self._stopped() and one not in before)

    def _stopped(self) -> list[Replica]:
        return [replica for replica in self.account.relay.replicas if replica.frozen or not replica.running]


async def loaded(account: VoiceAccount, count: int = CALLS) -> None:
    """Place calls that ended in every way or soon will; some are sent, one request is for whatever is unread."""
    calls = placed(account, count)
    for message_id in calls[::3]:
        await account.sent(message_id)
    await account.fetch()


def placed(account: VoiceAccount, count: int) -> list[str]:
    """Place calls that ended in every way or soon will."""
    return [account.call(ended(number % 5 / 4, ENDS[number % 4]), bulk_id="b") for number in range(count)]


async def read_up(account: VoiceAccount) -> None:
    """Ask until nothing is unread and nothing will be."""
    truths = account.simulator.call_truth().values()
    last, asked_at = max(max(truth.knew_at().values()) for truth in truths), float("-inf")

    async def empty() -> bool:
        nonlocal asked_at
        if account.simulator.unread() and time.monotonic() > asked_at + 1:
            asked_at = time.monotonic()
            await account.fetch()
        return time.time() > last and not account.simulator.unread()

    await eventually_async(empty, seconds=90, what="drain to the end")


async def proven(account: VoiceAccount) -> None:
    """Hold that all that was handed out is published once, that every call is, and that no gap stays."""
    await read_up(account)
    assert await account.findings() == NOTHING
    assert {event["message_id"] for event in account.published()} == set(account.simulator.call_truth())
    await account.gapless(seconds=30)


async def pair_of(account: VoiceAccount, step: str, action: str) -> Victims:
    """Start two replicas and wait until each has its half."""
    victims = Victims(account, step, action)
    pair = [await victims.started() for _ in range(2)]

    def halved() -> bool:
        owned = [set(one.lines("slots.restored")[-1]["partitions"]) for one in pair]
        return all(owned) and not owned[0] & owned[1]

    await eventually(halved, what="balance")
    return victims
