"""Reports that are handed out once: after a crash at any step of a drain none is lost, none told twice."""

import asyncio
from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip_calls import CallEnd
from tests.checking import NOTHING
from tests.polling import eventually
from tests.slot.victims import FAILPOINTS, SHORT, UNLOGGED, Victims, loaded, pair_of, proven, voice
from tests.voice import Setup, VoiceAccount, at_once

pytestmark = pytest.mark.kafka

STEPS = ("intended", "answered", "appended", "commit", "committed")
"""Of the protocol in its order, each after the named step but `commit`, which is before it."""


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
