"""The documented rights against a broker that denies everything else: enough, each needed, each named when missing."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from relay.checks import kafka_findings
from relay.settings import load_settings
from tests.polling import eventually
from tests.security.acls import Acls, Right
from tests.security.secured import CERTIFIED, SCRAM_USER, Secured
from tests.security.working import RIGHTS, SecuredWorld, done, secured_world, some_work

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

UNNOTICED = {
    Right("Topic", "relay.state.v1", "Read"),
    *(right for right in RIGHTS if right.operation == "DescribeConfigs"),
}
"""What a running relay doesn't do: a start, or a new owner, needs the right."""


class Granted(NamedTuple):
    """A world, and the lists that give its user the documented rights."""

    world: SecuredWorld
    acls: Acls


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def granted(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Granted]:
    """Give a world whose user, who logs in by password, has exactly the documented rights."""
    folder = tmp_path_factory.mktemp("rights")
    async with (
        secured_world(secured, folder, secured.scram) as world,
        Acls(secured.kafka.bootstrap_servers) as acls,
    ):
        await acls.allow(SCRAM_USER, world.rights())
        yield Granted(world, acls)


async def failures(world: SecuredWorld) -> list[str]:
    """Return what `relay check` says of Kafka, where it fails: detail and fix."""
    settings = load_settings(world._config(), world.environment)
    return [f"{found.detail}; {found.fix}" for found in await kafka_findings(settings) if not found.ok]


async def test_with_the_documented_rights_nothing_is_missing(granted: Granted) -> None:
    """`relay check` is content."""
    assert await failures(granted.world) == []


@pytest.mark.parametrize("right", RIGHTS, ids=str)
async def test_a_missing_right_is_named_by_check(granted: Granted, right: Right) -> None:
    """The lines name the resource and the operation, and nothing else is said to be wrong."""
    taken = granted.world.right(right)
    await granted.acls.take(SCRAM_USER, taken)
    try:
        said = await failures(granted.world)
    finally:
        await granted.acls.allow(SCRAM_USER, [taken])
    assert said
    for line in said:
        assert f"allow {taken.operation}" in line
        assert taken.name.removesuffix("*") in line


async def test_work_waits_for_a_missing_right_and_none_is_lost(granted: Granted) -> None:
    """While work comes in, each right is taken away until the relay has said so; all work is done once in the end."""
    world, acls = granted
    works = []
    async with world.orchestrated():
        works.append(await some_work(world))
        await done(world, works[0])
        for right in RIGHTS:
            taken, before = world.right(right), len(world.log())
            await acls.take(SCRAM_USER, taken)
            works.append(await some_work(world))
            if right not in UNNOTICED:
                await named(world, taken, before)
            await acls.allow(SCRAM_USER, [taken])
        for work in works:
            await done(world, work)


async def named(world: SecuredWorld, right: Right, since: int) -> None:
    """Wait until a new line of the log names the resource as one that may not be used."""
    name = right.name.removesuffix("*")

    def said() -> bool:
        lines = world.log()[since:].splitlines()
        return any(name in line and ("Authorization" in line or "no right" in line) for line in lines)

    await eventually(said, seconds=60, what=f"word of {right}")


async def test_a_user_without_rights_is_told_of_each_and_goes_on_when_they_come(
    secured: Secured, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A relay that logs in by certificate starts with nothing, names every resource, and works once it may."""
    folder = tmp_path_factory.mktemp("none")
    async with (
        secured_world(secured, folder, secured.certified) as world,
        Acls(secured.kafka.bootstrap_servers) as acls,
    ):
        replica = world.start(environment=world.environment)
        (waiting, *_) = await eventually(lambda: replica.lines("kafka.awaited"), seconds=60, what="kafka.awaited")
        for right in world.rights():
            if right.resource != "TransactionalId":
                assert any(right.name.removesuffix("*") in said for said in waiting["detail"].split("; "))
        status, body = await replica.get("/ready")
        assert (status, "no right to" in body) == (503, True)
        work = asyncio.create_task(some_work(world))
        await acls.allow(CERTIFIED, world.rights())
        await done(world, await work)
        assert await replica.terminated() == 0
