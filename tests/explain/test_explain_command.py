"""`relay explain` as its users run it, beside a relay that works on a real Kafka, and its ways to fail."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from relay.commands import app, main
from relay.explain import reading
from relay.kafka.embedded import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports
from relay.simulator import steps
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_endings import ended
from relay.simulator.messages import Message
from tests.running import World, eventually, world

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
CONFIG = """
[kafka]
bootstrap_servers = "127.0.0.1:{port}"
[accounts.main]
provider = "hyber"
base_url = "https://hyber.example"
client_id = "1021"
username = "login"
password = "password"
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
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=60)


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


async def called(relay: World, *, message_id: str) -> None:
    """Place a call that was taken some seconds ago, and say that it was sent."""
    sent_at = time.time() - 60
    call = VoiceCall(
        message_id=message_id, sent_at=sent_at, endings=(ended(20, CallEnd.ANSWERED),), phone_number=NUMBER
    )
    relay.simulator.send_call(call)
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
    (drain,) = (line for line in relay.replicas[0].lines("drain.answered") if line["reports"])
    assert (response["topic"], response["details"]["drain_id"]) == (relay.topics["raw"], drain["drain_id"])
    assert response["details"]["reports"][0]["call_outcome"] == "answered"
    assert explained["summary"][0].startswith("delivered and answered; nothing is waited for")
    assert NUMBER not in printed


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
    assert "1 drain without an answer in 1 open gap" in await explain(relay, "-a", "voice")


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_message_is_one_line_and_exit_code_1(relay: World) -> None:
    """Nothing is on the topics."""
    done = await process(relay, "no-such-message")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no record of no-such-message in any configured account: not on the topics, or not any more\n"


def exit_code(*arguments: str) -> int:
    """Run the command in this process."""
    with pytest.raises(SystemExit) as exited:
        main(["explain", *arguments])
    code = exited.value.code
    assert isinstance(code, int)
    return code


def a_config(folder: Path, *, port: int = 1) -> str:
    """Write a configuration."""
    path = folder / "relay.toml"
    path.write_text(CONFIG.format(port=port))
    return str(path)


def test_an_absent_kafka_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so soon, without a traceback."""
    (port,) = free_ports(1)
    assert exit_code("m-1", "--config", a_config(tmp_path, port=port)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Kafka can't be read: KafkaConnectionError")
    assert str(port) in line


def test_a_kafka_that_never_answers_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It isn't waited for endlessly."""
    monkeypatch.setattr(reading, "START_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = a_config(tmp_path, port=silent.getsockname()[1])
        assert exit_code("m-1", "--config", config) == 1
    assert capsys.readouterr().err == "Kafka can't be read: TimeoutError: no answer in time\n"


@pytest.mark.kafka
def test_missing_topics_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], kafka: EmbeddedKafka) -> None:
    """Nothing can be said of an account without its states."""
    config = a_config(tmp_path, port=int(kafka.bootstrap_servers.rpartition(":")[2]))
    with Path(config).open("a") as file:
        file.write('[topics]\nstate = "no-such-topic"\n')
    assert exit_code("--account", "main", "--config", config) == 1
    assert "missing or hidden from us: no-such-topic" in capsys.readouterr().err
    assert exit_code("m-1", "--config", config) == 1
    assert "no-such-topic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a message, or an account with --account"),
        (("",), "must be an id in valid UTF-8, not empty"),
        (("\udcff",), "must be an id in valid UTF-8, not empty"),
        (("m-1", "--account", "mian"), "did you mean main? known are: main"),
        (("--account", "nope"), "nope is not configured"),
        (("m-1", "--config", "no-such-file.toml"), "no-such-file.toml: can't be read"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    """It is told what is wrong, before Kafka is asked for anything."""
    given = arguments if "--config" in arguments else (*arguments, "--config", a_config(tmp_path))
    assert exit_code(*given) == 2
    told = capsys.readouterr().err
    assert said in " ".join(told.replace("│", " ").split())
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CONFIG.replace("bootstrap_servers", "# "), "kafka.bootstrap_servers: is not set"),
        ('[kafka]\nbootstrap_servers = "127.0.0.1:1"\n', "accounts: there is none"),
        ("[kafka", "relay.toml: "),
    ],
)
def test_a_configuration_that_says_too_little_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    """Which Kafka, and which accounts."""
    (tmp_path / "relay.toml").write_text(text)
    assert exit_code("m-1", "--config", str(tmp_path / "relay.toml")) == 2
    assert said in capsys.readouterr().err
