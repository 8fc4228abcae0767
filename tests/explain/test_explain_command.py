"""`relay explain` as its users run it, beside a relay that works on a real Kafka, and its ways to fail."""

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from relay.commands import app
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.messages import Message
from tests.polling import eventually
from tests.running import World, world

NUMBER = "491751234567"
VOICE = """
[accounts.voice]
provider = "infobip_voice"
base_url = "{url}"
username = "login"
password = "password"
timeout_seconds = 1
logs_path = ""
[accounts.voice.polling]
drain_seconds = 0.3
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relay(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give a running relay with an account of either sort; no log closes the gaps of the collected one."""
    async with world(kafka.bootstrap_servers, tmp_path_factory.mktemp("explain")) as made:
        made.sections = VOICE.format(url=made.simulator.url)
        await made.started()
        yield made


async def process(relay: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own; the simulator goes on meanwhile."""
    command = [sys.executable, "-m", "relay", "explain", *arguments, "--config", str(relay._config())]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=90)


async def explain(relay: World, *arguments: str) -> str:
    """Run the command in a thread of this process, and return what it prints."""
    command = ["explain", *arguments, "--config", str(relay._config())]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code == 0, done.output
    return done.stdout


def kinds(explained: dict[str, Any]) -> list[str]:
    """Give the kinds of the entries."""
    return [entry["kind"] for entry in explained["entries"]]


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_delivered_message_is_explained_in_both_forms(relay: World) -> None:
    """Request, acceptance, event and state, in order, with the places where they lie; exit code 0."""
    message_id = f"МСГ {uuid.uuid4()}/ü"
    relay.simulator.send(Message(message_id=message_id, steps=(steps.delivered(0, "sms"),), phone_number=NUMBER))
    await relay.fetch(message_id=message_id, request_id="r-1")
    (event,) = await relay.told(message_id, "delivered")
    done = await process(relay, message_id, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    explained = json.loads(done.stdout)
    assert kinds(explained) == ["request", "accepted", "event", "state"]
    (published,) = (record for record in relay.seen if record.key == message_id.encode())
    told = explained["entries"][2]
    assert (told["topic"], told["partition"], told["offset"]) == (
        relay.topics["delivered"],
        published.partition,
        published.offset,
    )
    assert told["details"]["event_id"] == event["event_id"]
    assert explained["next"][f"message/main/{message_id}"]["waits_for"] is None
    shown = await process(relay, message_id)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert [line.split()[1] for line in lines[2:6]] == kinds(explained)
    assert f"{relay.topics['delivered']}[{published.partition}]@{published.offset}" in lines[4]
    assert lines[-1].startswith("delivered; nothing is waited for; remembered until ")
    assert NUMBER not in done.stdout + shown.stdout


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_an_extra_id_is_followed_to_its_message(relay: World) -> None:
    """The request came by extra_id, the events by message_id."""
    message = Message(message_id=str(uuid.uuid4()), extra_id=f"AD-{uuid.uuid4()}", steps=(steps.delivered(0, "sms"),))
    assert message.extra_id is not None
    relay.simulator.send(message)
    await relay.fetch(extra_id=message.extra_id)
    await relay.told(message.message_id, "delivered")
    explained = json.loads(await explain(relay, message.extra_id, "--account", "main", "--json"))
    assert sorted(kinds(explained)) == ["accepted", "event", "forwarded", "request", "state", "state"]
    assert list(explained["next"]) == [f"message/main/{message.message_id}"]


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_pending_message_and_its_account_are_explained(relay: World) -> None:
    """When the next lookup is, and that one message is pending."""
    message = Message(message_id=str(uuid.uuid4()), steps=())
    relay.simulator.send(message)
    await relay.fetch(message_id=message.message_id)

    def accepted() -> bool:
        lines = relay.replicas[0].lines("request.accepted")
        return any(line["message_id"] == message.message_id for line in lines)

    await eventually(accepted, what="request.accepted")
    pending = await explain(relay, message.message_id)
    assert pending.splitlines()[-1].startswith("pending: next lookup ")
    of_account = json.loads(await explain(relay, "--account", "main", "--json"))
    assert of_account["pending"]["by_age"]["under 1 min"] >= 1


def taken(relay: World, *, message_id: str, bulk_id: str | None = None) -> float:
    """Place a call that was taken some seconds ago; return when it was sent."""
    sent_at = time.time() - 60
    call = VoiceCall(
        message_id=message_id,
        bulk_id=bulk_id,
        sent_at=sent_at,
        endings=(ended(20, CallEnd.ANSWERED),),
        phone_number=NUMBER,
    )
    relay.simulator.send_call(call)
    return sent_at


async def called(relay: World, *, message_id: str) -> None:
    """Place a call, and say that it was sent."""
    sent_at = taken(relay, message_id=message_id)
    sent = {"account": "voice", "message_id": message_id, "recipient": NUMBER}
    await relay.send("messages_sent", {**sent, "sent_at": datetime.fromtimestamp(sent_at, UTC).isoformat()})


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_collected_report_is_explained_with_the_answer_that_carried_it(relay: World) -> None:
    """The drain and its kept answer stand before the events."""
    message_id = str(uuid.uuid4())
    await called(relay, message_id=message_id)
    await relay.told(message_id, "delivered", "answered")
    printed = await explain(relay, message_id, "--json")
    explained = json.loads(printed)
    assert sorted(kinds(explained)) == ["accepted", "event", "event", "request", "response", "state"]
    assert kinds(explained)[-3:] == ["event", "event", "state"]
    (response,) = (entry for entry in explained["entries"] if entry["kind"] == "response")
    drains = {line["drain_id"] for line in relay.replicas[0].lines("drain.answered") if line["reports"]}
    assert response["topic"] == relay.topics["raw"]
    assert response["details"]["drain_id"] in drains
    assert response["details"]["reports"][0]["call_outcome"] == "answered"
    assert explained["summary"][0].startswith("delivered and answered; nothing is waited for")
    assert NUMBER not in printed


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_bulk_is_explained_by_its_id(relay: World) -> None:
    """Its request, the answer of its drain, and its messages; `--bulk` asks for nothing else."""
    bulk_id, message_ids = f"bulk {uuid.uuid4()}", [str(uuid.uuid4()) for _ in range(2)]
    for message_id in message_ids:
        taken(relay, message_id=message_id, bulk_id=bulk_id)
    await relay.fetch(account="voice", bulk_id=bulk_id, request_id="r-bulk")
    for message_id in message_ids:
        await relay.told(message_id, "delivered", "answered")
    await eventually(lambda: relay.replicas[0].lines("drain.answered"), what="drain.answered")
    done = await process(relay, bulk_id, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    explained = json.loads(done.stdout)
    assert kinds(explained)[:3] == ["request", "accepted", "response"]
    assert explained["entries"][2]["details"]["of_bulk"] == 2
    assert {each["message_id"] for each in explained["messages"]} == set(message_ids)
    assert {each["outcome"] for each in explained["messages"]} == {"delivered and answered"}
    assert f"bulk {bulk_id} in voice" in await explain(relay, bulk_id, "--bulk")
    unknown = await process(relay, message_ids[0], "--bulk")
    assert (unknown.returncode, unknown.stdout) == (1, "")


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_drain_without_an_answer_is_told_as_a_gap(relay: World) -> None:
    """Of the message that waits for its report, and of the account."""
    relay.simulator.faults.add(Fault(kind=FaultKind.HANG, account=InfobipSite().account, times=1, consumes=True))
    message_id = str(uuid.uuid4())
    await called(relay, message_id=message_id)
    await eventually(lambda: relay.replicas[0].lines("gap.found"), what="gap.found")
    explained = json.loads(await explain(relay, message_id, "--json"))
    assert "gap" in kinds(explained)
    assert explained["summary"][-1] == "its report may be in 1 open gap"
    of_account = json.loads(await explain(relay, "--account", "voice", "--json"))
    assert [gap["why"] for gap in of_account["gaps"]] == ["timed_out"]
    assert of_account["pending"]["count"] == 1
    outcomes = {each["outcome"] for each in of_account["drains"]}
    assert outcomes
    assert outcomes <= {"read", "no answer (timed_out)"}
    assert of_account["pause"] is None
    assert "1 drain without an answer in 1 open gap" in await explain(relay, "-a", "voice")


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_message_is_one_line_and_exit_code_1(relay: World) -> None:
    """Nothing is on the topics."""
    done = await process(relay, "no-such-message")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no record of no-such-message in any configured account: not on the topics, or not any more\n"
