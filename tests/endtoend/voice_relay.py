"""A running relay with Infobip voice accounts, whose deeds are held to the contract at its end."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path

from relay.kafka.embedded.broker import EmbeddedKafka
from tests.polling import eventually_async
from tests.published import assert_well_published
from tests.running import RELAY
from tests.seen import Seen
from tests.voice import Setup, VoiceAccount, assert_limits_kept, voices


@contextlib.asynccontextmanager
async def running_voices(
    kafka: EmbeddedKafka,
    folder: Path,
    setups: Mapping[str, Setup],
    command: Sequence[str] = RELAY,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with voices(kafka.bootstrap_servers, folder, setups) as made:
        relay = next(iter(made.values())).relay
        replica = await relay.started(command, environment=environment)
        yield made
        await relay.quiet()
        for record in a_sample(relay.seen):
            assert_well_published(record, relay.partitions)
        for account in made.values():
            assert_limits_kept(account)
        assert replica.running
        assert not replica.lines("turn.failed")
        assert await replica.terminated() == 0


def a_sample(seen: Sequence[Seen], count: int = 500) -> Iterable[Seen]:
    """Return so many records of all at most, at even distances: to hold thousands to a schema takes long."""
    return seen[:: len(seen) // count + 1]


async def drained(account: VoiceAccount) -> None:
    """Ask until nothing is unread."""

    async def empty() -> bool:
        if account.simulator.unread():
            await account.fetch()
        return not account.simulator.unread()

    await eventually_async(empty, what="drain to the end")
