"""Reports that are handed out once: after a crash or a freeze at any step of a drain none is lost, none told twice."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from relay.kafka.embedded import EmbeddedKafka
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.checking_calls import NOTHING
from tests.running import Replica, eventually, eventually_async
from tests.voice import Setup, VoiceAccount, assert_limits_kept, at_once, nothing_for, voices

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

FAILPOINTS = (str(Path(__file__).with_name("failpoints.py")),)
SHORT = {"SHORT_SESSION": "on"}
STEPS = ("intended", "answered", "appended", "commit", "committed")
"""Of the protocol in its order, each after the named step but `commit`, which is before it."""
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


# Crashes


@pytest.mark.parametrize("step", STEPS)
async def test_a_process_killed_after_any_step_loses_and_repeats_nothing(
    kafka: EmbeddedKafka, tmp_path: Path, step: str
) -> None:
    """With one replica, which is started again, and with two, of which one is left."""

    async def alone() -> None:
        async with voice(kafka.bootstrap_servers, tmp_path / "alone") as account:
            victims = Victims(account, step, "kill")
            await victims.started()
            await _killed_under_load(account, victims)
            await account.relay.started(FAILPOINTS, environment=SHORT)
            await proven(account)

    async def paired() -> None:
        async with voice(kafka.bootstrap_servers, tmp_path / "paired") as account:
            victims = await pair_of(account, step, "kill")
            await _killed_under_load(account, victims)
            await proven(account)

    async with asyncio.TaskGroup() as trials:  # most of the time is waiting
        trials.create_task(alone())
        trials.create_task(paired())


async def pair_of(account: VoiceAccount, step: str, action: str) -> Victims:
    """Start two replicas and wait until each has its half."""
    victims = Victims(account, step, action)
    pair = [await victims.started() for _ in range(2)]

    def halved() -> bool:
        owned = [set(one.lines("slots.restored")[-1]["partitions"]) for one in pair]
        return all(owned) and not owned[0] & owned[1]

    await eventually(halved, what="balance")
    return victims


async def _killed_under_load(account: VoiceAccount, victims: Victims) -> None:
    loading = asyncio.create_task(loaded(account))
    await victims.struck()
    await loading
    await loaded(account, 5)


async def test_a_process_killed_again_and_again_loses_and_repeats_nothing(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """What one crash left behind meets the next: an open intent, a body nobody read, a transaction nobody ended."""
    async with voice(kafka.bootstrap_servers, tmp_path) as account:
        for step in ("answered", "appended", "commit"):
            victims = Victims(account, step, "kill")
            await victims.started()
            await _killed_under_load(account, victims)
        await account.relay.started(FAILPOINTS, environment=SHORT)
        await proven(account)


@pytest.mark.parametrize("step", ["appended", "commit"])
async def test_a_body_stored_is_enough_without_any_log(kafka: EmbeddedKafka, tmp_path: Path, step: str) -> None:
    """Killed once the append was acknowledged, or while it is decided: it is published from the raw topic alone."""
    async with voice(kafka.bootstrap_servers, tmp_path, UNLOGGED) as account:
        victims = Victims(account, step, "kill")
        await victims.started()
        await _killed_under_load(account, victims)
        await account.relay.started(FAILPOINTS, environment=SHORT)
        await proven(account)


async def test_a_body_of_which_a_part_is_stored_is_a_gap(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Killed between two parts: the reports come from the log, and the fragment becomes a dead letter."""
    setup = Setup(account={"limit": 1000, "timeout_seconds": 5})
    async with voice(kafka.bootstrap_servers, tmp_path, setup) as account:
        victims = Victims(account, "part", "kill")
        await victims.started()
        calls = account.calls(1000, at_once(CallEnd.BUSY), callback_data="Ї" * 5000)
        victims.trigger.touch()
        await account.fetch()
        await eventually(lambda: not account.relay.replicas[0].running, what="kill between two parts")
        await account.relay.started(FAILPOINTS, environment={**SHORT, "FRAGMENT_SECONDS": "2"})
        await account.told_all(calls, "failed", seconds=60)
        assert await account.findings() == NOTHING
        letters = await eventually(account.relay.letters, seconds=40, what="dead letter")
        assert {letter["source"]["topic"] for letter in letters} == {account.relay.topics["raw"]}
        await account.gapless()


async def test_a_process_killed_while_it_makes_a_gap_good_makes_it_good_again(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """A thousand reports come from the log in several turns; only the first of them is committed."""
    async with voice(kafka.bootstrap_servers, tmp_path, Setup(account={"limit": 1000})) as account:
        victims = Victims(account, "committed", "kill")
        await victims.started()
        account.strike("cut")
        calls = account.calls(1000, at_once(CallEnd.BUSY))
        victims.trigger.touch()
        await account.fetch()
        await eventually(lambda: not account.relay.replicas[0].running, what="kill")
        await account.relay.started(FAILPOINTS, environment=SHORT)
        await account.told_all(calls, "failed", seconds=60)
        assert await account.findings() == NOTHING
        await account.gapless()


# Freezes


async def _replaced(account: VoiceAccount, frozen: Replica) -> Replica:
    """Wait until the other replica owns everything."""
    (heir,) = [replica for replica in account.relay.replicas if replica is not frozen]
    everything = [*range(account.relay.partitions)]
    await eventually(lambda: heir.lines("slots.restored")[-1]["partitions"] == everything, seconds=60, what="takeover")
    return heir


async def _frozen(
    account: VoiceAccount, step: str, load: Callable[[VoiceAccount], Coroutine[Any, Any, None]]
) -> tuple[Replica, Replica]:
    """Freeze the owner at a step under load; give it and its heir, which has taken over."""
    victims = await pair_of(account, step, "freeze")
    loading = asyncio.create_task(load(account))
    frozen = await victims.struck()
    await loading
    return frozen, await _replaced(account, frozen)


@pytest.mark.parametrize("step", ["asking", "appended", "begin", "commit"])
async def test_an_owner_frozen_at_any_step_past_its_replacement_does_no_harm(
    kafka: EmbeddedKafka, tmp_path: Path, step: str
) -> None:
    """Woken, it may ask once more, or commit in vain; the union of both is published once."""
    async with voice(kafka.bootstrap_servers, tmp_path) as account:
        frozen, _ = await _frozen(account, step, loaded)
        await loaded(account, 15)
        frozen.wake()
        await proven(account)
        assert frozen.running


async def test_an_owner_frozen_before_its_get_does_not_ask_when_it_wakes(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """The heir has read everything; the woken one notices that time has passed."""
    async with voice(kafka.bootstrap_servers, tmp_path) as account:
        calls = placed(account, 15)

        async def load(account: VoiceAccount) -> None:  # a fetch request might be taken in again, as a reason to ask
            for message_id in calls:
                await account.sent(message_id)

        frozen, _ = await _frozen(account, "intended", load)
        await eventually(lambda: {event["message_id"] for event in account.published()} == set(calls), what="events")
        assert await account.findings() == NOTHING
        account.call()  # which nobody asked for: only a drain that must not happen would take it
        await nothing_for(1, lambda: account.asked)
        frozen.wake()
        await nothing_for(4, lambda: account.asked)
        assert account.simulator.unread() == 1
        assert account.simulator.stats().max_in_flight_by_account["infobip/login"] == 1


async def test_an_owner_frozen_before_its_get_and_not_replaced_asks_anew(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A pause of four seconds, shorter than the session: the stale intent is not carried out, but nothing is lost."""
    async with voice(kafka.bootstrap_servers, tmp_path) as account:
        victims = Victims(account, "intended", "freeze")
        await victims.started()
        loading = asyncio.create_task(loaded(account))
        frozen = await victims.struck()
        await loading
        await nothing_for(4, lambda: account.asked)
        frozen.wake()
        await proven(account)
        assert account.simulator.stats().max_in_flight_by_account["infobip/login"] == 1


async def test_what_a_replaced_owner_read_is_stored_and_published(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Frozen with the body in its hands, it appends it though its heir gave up: without a log only that saves it."""
    async with voice(kafka.bootstrap_servers, tmp_path, UNLOGGED) as account:
        frozen, heir = await _frozen(account, "answered", loaded)
        await _gap_noticed(account)
        frozen.wake()
        await proven(account)
        assert heir.running


async def _gap_noticed(account: VoiceAccount) -> None:
    """Wait until the intent of the frozen owner is no longer open."""

    async def noticed() -> bool:
        kept = await account.kept()
        return bool(kept.get("gaps"))

    await eventually_async(noticed, seconds=30, what="gap")


async def test_an_owner_frozen_during_its_get_and_its_heir_overlap_harmlessly(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """The answer waits in the sleeper's socket while the heir drains on; either finds what it missed in the log."""
    async with voice(kafka.bootstrap_servers, tmp_path) as account:
        await pair_of(account, "none", "freeze")
        account.strike("delay", delay_seconds=1)
        await loaded(account)
        await eventually(lambda: account.simulator.stats().in_flight, what="drain")
        owner = await _owner(account)
        owner.freeze()
        await _replaced(account, owner)
        await loaded(account, 15)
        owner.wake()
        await proven(account)
        assert owner.running


async def _owner(account: VoiceAccount) -> Replica:
    """Find the replica that owns the account's partition: the one of its intents."""
    (partition,) = {record.partition for record in await account.states()}
    (owner,) = [one for one in account.relay.replicas if partition in one.lines("slots.restored")[-1]["partitions"]]
    return owner


async def test_partitions_that_move_during_drains_leave_one_at_a_time(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A replica comes and one ends in order while six accounts are drained: never two at once, and no log is needed."""
    setup = Setup(account={"limit": LIMIT, "timeout_seconds": 9})
    async with voices(kafka.bootstrap_servers, tmp_path, {f"voice_{number}": setup for number in range(6)}) as accounts:
        relay = accounts["voice_0"].relay
        first = await relay.started()
        await _drains_under_way(accounts.values())
        await relay.started()
        await _drains_under_way(accounts.values())
        assert await first.terminated() == 0
        for account in accounts.values():
            await proven(account)
            assert_limits_kept(account, in_flight=1)
            assert account.looked == 0


async def _drains_under_way(accounts: Iterable[VoiceAccount]) -> None:
    """Let every account be asked, with an answer that takes as long as a rebalance."""
    for account in accounts:
        account.strike("delay", delay_seconds=6)
        await loaded(account, 15)
    for account in accounts:
        await eventually(lambda: account.simulator.stats().in_flight, what="drain")  # noqa: B023 - used at once


# Orderly ends, and a Kafka that is away


async def test_an_orderly_end_during_a_drain_keeps_its_answer(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """SIGTERM while the provider is still answering: exit code 0, and no log is needed."""
    async with voice(kafka.bootstrap_servers, tmp_path, UNLOGGED) as account:
        replica = await account.relay.started()
        account.strike("delay", delay_seconds=1.5)
        await loaded(account)
        await eventually(lambda: account.simulator.stats().in_flight, what="drain")
        assert await replica.terminated() == 0
        assert account.handed_out()
        assert len(await account.bodies()) >= 1
        await account.relay.started()
        await proven(account)


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedKafka]:
    """Give a broker that the tests may kill, if they start it again."""
    with EmbeddedKafka.start() as started:
        yield started


async def _held_without_kafka(account: VoiceAccount, broker: EmbeddedKafka) -> Replica:
    """End the broker while a drain is under way, so that its answer can't be stored."""
    replica = await account.relay.started()
    account.strike("delay", delay_seconds=1.5)
    await loaded(account)
    await eventually(lambda: account.simulator.stats().in_flight, what="drain")
    await asyncio.to_thread(broker.kill)
    await eventually(account.handed_out, what="answer")

    async def unready() -> bool:
        return (await replica.get("/ready"))[0] == 503

    await eventually_async(unready, seconds=30, what="/ready to say no")
    return replica


async def test_a_body_that_kafka_would_not_take_is_kept_and_stored_later(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """Without Kafka no drain starts, and the body waits; with Kafka back it is published, without a log."""
    async with voice(broker.bootstrap_servers, tmp_path, UNLOGGED) as account:
        replica = await _held_without_kafka(account, broker)
        await nothing_for(4, lambda: account.asked)
        assert (await replica.get("/live"))[0] == 200
        await asyncio.to_thread(broker.restart)
        await replica.ready(60)
        await proven(account)
        assert replica.running
        assert account.simulator.stats().max_in_flight_by_account["infobip/login"] == 1


async def test_an_end_with_a_body_in_hand_says_which(broker: EmbeddedKafka, tmp_path: Path) -> None:
    """SIGTERM while Kafka is away: exit code 1 within 30 s, naming the drain; the provider's log has the reports."""
    async with voice(broker.bootstrap_servers, tmp_path) as account:
        replica = await _held_without_kafka(account, broker)
        assert await replica.terminated() == 1
        await asyncio.to_thread(broker.restart)
        intent = (await account.kept())["intent"]["drain_id"]
        assert any(line.get("drain_id") == intent for line in replica.lines()[-20:])
        await account.relay.started()
        await proven(account)
