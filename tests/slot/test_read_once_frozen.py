"""Reports that are handed out once: after a freeze at any step of a drain, or a move, none is lost, none told twice."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.checking import NOTHING
from tests.polling import eventually, eventually_async
from tests.replica import Replica
from tests.slot.victims import LIMIT, UNLOGGED, Victims, loaded, pair_of, placed, proven, voice
from tests.voice import Setup, VoiceAccount, assert_limits_kept, nothing_for, voices

pytestmark = pytest.mark.kafka


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
