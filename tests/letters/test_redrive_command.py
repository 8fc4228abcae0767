"""`relay dead-letters` on a real Kafka beside a relay: what it lists, shows and writes back, and that only once."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from typer.testing import CliRunner, Result

from relay.commands import app
from relay.contracts.cloudevents import dead_letter_headers
from relay.contracts.dead_letter import RejectedRecord, dead_letter_for
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.letters.choosing import Wanted
from relay.letters.planning import Choice
from relay.letters.redrive import redrive
from relay.settings import load_settings
from relay.simulator import steps
from relay.simulator.messages import Message
from tests.builders import NOON
from tests.polling import eventually
from tests.running import World, world

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

HEADERS = [("a", b"1"), ("a", b""), ("correlation-id", b"c-1"), ("bytes", b"1\n2")]


@pytest_asyncio.fixture(loop_scope="module")
async def relay(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give a running relay with topics of its own for each test."""
    async with world(kafka.bootstrap_servers, tmp_path_factory.mktemp("letters"), partitions=2) as made:
        await made.started()
        yield made


async def ran(relay: World, *arguments: str) -> Result:
    """Run the command in a thread of this process."""
    command = ["dead-letters", *arguments, "--config", str(relay._config())]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


async def told(relay: World, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run the command for its JSON."""
    done = await ran(relay, *arguments, "--json")
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def unknown_account(**fields: Any) -> bytes:
    """Return a request that only the configuration keeps from being accepted."""
    return json.dumps({"request_id": "r", "account": "later", "message_id": str(uuid.uuid4()), **fields}).encode()


async def refused(relay: World, *values: bytes | None, topic: str = "fetch_requests", **keywords: Any) -> None:
    """Send records, and wait until each is a dead letter."""
    before = len(relay.letters())
    for value in values:
        await relay.send(topic, value, **keywords)
    await eventually(lambda: len(relay.letters()) >= before + len(values), what="dead letters")


async def written(relay: World, topic: str) -> list[Any]:
    """Return all committed records of a topic, in order within its partitions."""
    async with AIOKafkaConsumer(
        bootstrap_servers=relay.bootstrap_servers, isolation_level="read_committed", enable_auto_commit=False
    ) as consumer:
        ends = await relay.ends(relay.topics[topic])  # with what is about to be committed
        consumer.assign(list(ends))
        await consumer.seek_to_beginning()
        found: list[Any] = []
        for place, end in ends.items():
            while await consumer.position(place) < end:
                for records in (await consumer.getmany(place, timeout_ms=200)).values():
                    found.extend(records)
        return found


async def put_letter(relay: World, **facts: Any) -> str:
    """Write a dead letter, as a relay does, and return its id."""
    source: dict[str, Any] = {"partition": 0, "offset": 7, "timestamp": 1, "key": None, "value": b"x", "headers": ()}
    failed_at = facts.pop("failed_at", NOON)
    letter = dead_letter_for(RejectedRecord(**source | facts), "damaged", "the value is damaged", failed_at)
    await relay.send("dead_letters", letter.to_bytes(), headers=dead_letter_headers(letter))
    return letter.dead_letter_id


async def test_a_record_is_written_back_exactly_and_once(relay: World) -> None:
    """Topic, partition, key, value and headers are the original's; a second run writes nothing, nor does a dry one."""
    await refused(relay, unknown_account(), key=b"\xffk", headers=HEADERS, partition=1)
    (letter,) = relay.letters()
    letter_id = letter["dead_letter_id"]
    dry = await told(relay, "redrive", letter_id, "--dry-run")
    assert (dry["dry_run"], dry["written"], dry["dead_letters"][0]["verdict"]) == (True, 0, "write")
    assert dry["dead_letters"][0]["to"] == {"topic": relay.topics["fetch_requests"], "partition": 1}
    assert dry["dead_letters"][0]["would_be_refused"].startswith("unknown_account: ")
    assert len(await written(relay, "fetch_requests")) == 1
    assert (await told(relay, "redrive", letter_id))["written"] == 1
    original, again = await written(relay, "fetch_requests")
    for name in ("partition", "key", "value", "headers"):
        assert getattr(again, name) == getattr(original, name), name
    assert (await told(relay, "redrive", letter_id))["dead_letters"][0]["verdict"] == "redriven"
    assert len(await written(relay, "fetch_requests")) == 2
    listed = {each["dead_letter_id"]: each["redriven"] for each in (await told(relay, "list"))["dead_letters"]}
    assert listed[letter_id] is True
    assert (await told(relay, "show", letter_id))["redriven"] is True


async def test_a_redriven_request_is_served_once_its_account_is_there(relay: World) -> None:
    """The configuration was the mistake: the request waits in its letter, and goes its way."""
    message_id = str(uuid.uuid4())
    relay.simulator.send(Message(message_id=message_id, steps=(steps.delivered(0, "sms"),)))
    await refused(relay, unknown_account(message_id=message_id))
    assert await relay.replicas[0].terminated() == 0
    relay.more_accounts = {
        "later": {"provider": "hyber", "client_id": "1021", "username": "login", "password": "password", "polling": {}}
    }
    await relay.started()
    plan = await told(relay, "redrive", "--all", "--only-acceptable")
    assert (plan["written"], plan["dead_letters"][0]["would_be_refused"]) == (1, None)
    await relay.told(message_id, "delivered")


async def test_many_are_written_in_batches_and_an_interrupted_run_goes_on(
    relay: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third batch is refused; the next run writes the rest, and each record is there twice in the end."""
    monkeypatch.setattr("relay.letters.redriving.BATCH_RECORDS", 10)
    values = [unknown_account(request_id=f"r-{number}") for number in range(45)]
    await refused(relay, *values)
    commit, batches = AIOKafkaProducer.commit_transaction, 0

    async def third_fails(producer: AIOKafkaProducer) -> None:
        nonlocal batches
        batches += 1
        if batches == 3:
            raise ConnectionError("cut off")
        await commit(producer)

    with monkeypatch.context() as patched:
        patched.setattr(AIOKafkaProducer, "commit_transaction", third_fails)
        failed = await ran(relay, "redrive", "--code", "unknown_account")
    assert failed.exit_code == 1
    assert "run it again" in failed.stderr
    topic = [record.value for record in await written(relay, "fetch_requests")]
    assert len(topic) == len(values) + 20
    # Letters of what was refused again are new ones: only the first ones are redriven here.
    first = [letter["dead_letter_id"] for letter in relay.letters()[: len(values)]]
    done = await told(relay, "redrive", *first)
    assert done["written"] == 25
    topic = [record.value for record in await written(relay, "fetch_requests")]
    assert sorted(topic) == sorted(values * 2)


async def test_only_one_redrive_works_at_a_time(relay: World) -> None:
    """Two at once write each record once: the older one is refused by Kafka, or finds nothing left to do."""
    values = [unknown_account(request_id=f"r-{number}") for number in range(30)]
    await refused(relay, *values)
    ids = [letter["dead_letter_id"] for letter in relay.letters()[: len(values)]]
    settings = load_settings(relay._config(), {})
    choice = Choice(wanted=Wanted(ids=frozenset(ids)))
    both = (redrive(settings, choice, lambda _: contextlib.nullcontext(lambda _: None)) for _ in range(3))
    await asyncio.gather(*both, return_exceptions=True)
    await told(relay, "redrive", *ids)
    topic = [record.value for record in await written(relay, "fetch_requests")]
    assert sorted(topic) == sorted(values * 2)


async def test_what_stands_in_internal_topics_is_explained_and_left_alone(relay: World) -> None:
    """A stored answer, a damaged inbox record, a topic of someone else: no record is written, and why is said."""
    ids = [
        await put_letter(relay, topic=relay.topics["raw"], headers=[("account", b"main")]),
        await put_letter(relay, topic=relay.topics["inbox"]),
        await put_letter(relay, topic="another-topic"),
    ]
    plan = await told(relay, "redrive", *ids, code=1)
    assert plan["written"] == 0
    assert [each["verdict"] for each in plan["dead_letters"]].count("internal") == 2
    (answer,) = (each for each in plan["dead_letters"] if each["source"]["topic"] == relay.topics["raw"])
    assert answer["account"] == "main"
    assert "provider's log" in answer["why"]


async def test_a_letter_written_twice_is_redriven_once(relay: World) -> None:
    """A relay that was replaced may write a letter again; it has the same id."""
    facts = {"topic": relay.topics["messages_sent"], "value": b"{}", "offset": 99}
    await put_letter(relay, **facts)
    letter_id = await put_letter(relay, **facts)
    assert (await told(relay, "redrive", letter_id))["written"] == 1
    assert (await told(relay, "redrive", letter_id))["written"] == 0
    assert len(await written(relay, "messages_sent")) == 1


async def test_an_unknown_letter_is_exit_code_1(relay: World) -> None:
    """To show, to go on after, or to redrive."""
    for command in (("show", "x"), ("list", "--after", "x"), ("redrive", "x")):
        done = await ran(relay, *command)
        assert (done.exit_code, "no dead letter x" in done.stderr) == (1, True), command
