"""The rights that the page gives operators, on a broker that denies everything else: enough, and not less."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from relay.contracts.dead_letter import RejectedRecord, dead_letter_for
from tests.builders import NOON
from tests.follow.published import an_event
from tests.running import RELAY
from tests.security.acls import Acls, Right, documented
from tests.security.secured import PLAIN_USER, SCRAM_USER, Secured, Variables
from tests.security.working import PAGE, SecuredWorld, secured_world

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

RIGHTS = documented(PAGE, "Rights of operators")
EXPLAINING = documented(PAGE, "Rights of operators", "relay explain")
ASKED = "asked-for"
TRIES, NO_ANSWER = 2, "no answer in time"
READING = {right for right in RIGHTS if right.operation == "Read" and right.resource == "Topic"}
REDRIVING = [right for right in RIGHTS if right not in READING and right.operation != "Describe"]


class Granted(NamedTuple):
    """A world, and the lists that give its user the documented rights."""

    world: SecuredWorld
    acls: Acls


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def granted(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Granted]:
    """Give a world with an event and a request, whose user has the documented rights; another has those to explain."""
    folder = tmp_path_factory.mktemp("operators")
    async with (
        secured_world(secured, folder, secured.scram) as world,
        Acls(secured.kafka.bootstrap_servers) as acls,
    ):
        await acls.allow(SCRAM_USER, [world.right(right) for right in RIGHTS])
        await acls.allow(PLAIN_USER, [world.right(right) for right in EXPLAINING])
        await world.send("delivered", an_event())
        await world.fetch(message_id=ASKED)
        yield Granted(world, acls)


async def ran(world: SecuredWorld, *arguments: str, user: Variables | None = None) -> tuple[int, str, str]:
    """Run a command as the user, or another; once more where the broker was too slow to answer it."""
    command = [sys.executable, *RELAY, *arguments, "--config", str(world._config())]
    environment = {**os.environ, **world.environment, **(user or {})}
    for _ in range(TRIES):
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=100
        )
        if NO_ANSWER not in done.stderr:
            break
    return done.returncode, done.stdout, done.stderr


async def put_letters(world: SecuredWorld) -> list[str]:
    """Write a dead letter of either input topic, as the broker's owner; return their ids."""
    ids: list[str] = []
    for topic in ("fetch_requests", "messages_sent"):
        place = len(world.letters()) + len(ids)
        record = RejectedRecord(
            topic=world.topics[topic], partition=0, offset=place, timestamp=0, key=None, value=b"{}", headers=()
        )
        letter = dead_letter_for(record, "missing_field", "account: field required", NOON)
        await world.send("dead_letters", letter.to_bytes())
        ids.append(letter.dead_letter_id)
    return ids


async def test_the_documented_rights_are_enough(granted: Granted) -> None:
    """Events are shown, letters listed, shown and written back, and it is known that they were."""
    world = granted.world
    code, output, _ = await ran(world, "events", "--no-follow", "--json")
    assert (code, json.loads(output)["type"]) == (0, "delivered")
    ids = await put_letters(world)
    code, output, errors = await ran(world, "dead-letters", "redrive", *ids, "--yes", "--json")
    assert (code, json.loads(output)["written"]) == (0, 2), errors
    listed = json.loads((await ran(world, "dead-letters", "list", "--json"))[1])["dead_letters"]
    redriven = {each["dead_letter_id"]: each["redriven"] for each in listed}  # other tests' are among them
    assert {letter_id: redriven.get(letter_id) for letter_id in ids} == dict.fromkeys(ids, True)


@pytest.mark.parametrize("right", REDRIVING, ids=str)
async def test_without_a_right_nothing_is_written_back(granted: Granted, right: Right) -> None:
    """One line says so, without a traceback; to list letters, the rights to redrive aren't needed."""
    world, acls = granted
    ids = await put_letters(world)
    taken = world.right(right)
    await acls.take(SCRAM_USER, taken)
    try:
        code, output, errors = await ran(world, "dead-letters", "redrive", *ids, "--yes", "--json")
        listing, _, _ = await ran(world, "dead-letters", "list")
    finally:
        await acls.allow(SCRAM_USER, [taken])
    assert "Traceback" not in errors
    assert (code, listing) == (1, 0), (output, errors)


async def test_without_a_right_to_read_the_topic_is_named(granted: Granted) -> None:
    """A topic that is hidden can't be told from one that is missing."""
    world, acls = granted
    taken = [world.right(right) for right in READING]
    await asyncio.gather(*(acls.take(SCRAM_USER, right) for right in taken))
    try:
        outputs = [await ran(world, *command) for command in (("events",), ("dead-letters", "list"))]
    finally:
        await acls.allow(SCRAM_USER, taken)
    assert [code for code, _, _ in outputs] == [1, 1]
    assert world.topics["delivered"] in outputs[0][2]
    assert world.topics["dead_letters"] in outputs[1][2]


async def test_a_message_and_an_account_are_explained_with_the_rights_for_it_alone(
    granted: Granted, secured: Secured
) -> None:
    """Nothing is missing, and what was not explained is unknown, not hidden."""
    for arguments, code, said in (
        ((ASKED,), 0, ""),
        (("--account", "main"), 0, ""),
        (("--account", "voice"), 0, ""),
        (("unknown",), 1, "no record of unknown in any configured account: not on the topics, or not any more\n"),
    ):
        assert (await ran(granted.world, "explain", *arguments, user=secured.plain))[::2] == (code, said)


@pytest.mark.parametrize("right", [right for right in EXPLAINING if right.operation == "Read"], ids=str)
async def test_without_a_right_the_explanation_names_the_topic(
    granted: Granted, secured: Secured, right: Right
) -> None:
    """Whatever else is known is told all the same; with Describe alone, too, which shows that the topic is there."""
    world, acls = granted
    taken = world.right(right)
    seen = taken._replace(operation="Describe")
    await acls.take(PLAIN_USER, taken)
    await acls.allow(PLAIN_USER, [seen] if right.name == "relay.state.v1" else [])
    try:
        code, output, errors = await ran(world, "explain", ASKED, user=secured.plain)
    finally:
        await acls.allow(PLAIN_USER, [taken])
    known = right.name != "delivery.fetch-requests.v1"  # where the request is, all that there is of it
    assert (code, "fetch requested" in output) == ((0, True) if known else (1, False)), errors
    assert f"no right to Read them: {taken.name};" in errors
