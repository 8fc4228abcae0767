"""`relay events` as a process on a real Kafka: where it begins, what it follows, and how it ends."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from relay.commands import main
from relay.explain import reading
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports
from tests.follow.published import an_event
from tests.polling import eventually
from tests.running import World, world

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)  # the broker deletes what is a week old
CONFIG = """
[kafka]
bootstrap_servers = "127.0.0.1:{port}"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def topics(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Give topics with events of two accounts: an old one, two new ones, and a record that is none."""
    async with world(kafka.bootstrap_servers, tmp_path_factory.mktemp("events")) as made:
        await publish(made, "delivered", "old", timestamp_ms=int(LONG_AGO.timestamp() * 1000))
        await publish(made, "delivered", "new")
        await publish(made, "seen", "new", sequence=2, account="other")
        await made.send("failed", {"account": "no event"})
        yield made


async def publish(
    topics: World, type_: str, message_id: str, *, timestamp_ms: int | None = None, **fields: Any
) -> None:
    """Write an event to its topic."""
    event = an_event(type=type_, message_id=message_id, **fields)
    await topics.send(type_, event, key=message_id.encode(), timestamp_ms=timestamp_ms)


def started(topics: World, *arguments: str, reader: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    """Start the command as a process of its own."""
    command = [sys.executable, "-m", "relay", "events", *arguments, "--config", str(topics._config())]
    return subprocess.Popen(command, stdout=reader, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_ctrl_c)  # noqa: PLW1509 - it sets a signal and no more


def _heed_ctrl_c() -> None:
    """Undo what a shell does to a process in the background, which is what the tests may run in: SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for the end; return exit code, output and errors."""
    output, errors = await asyncio.to_thread(process.communicate, timeout=90)
    return process.returncode, output, errors


async def shown(topics: World, *arguments: str) -> list[str]:
    """Return types and messages of the events that are there, as a list of `type message`."""
    code, output, _ = await ended(started(topics, "--no-follow", "--json", *arguments))
    assert code == 0
    return sorted(f"{event['type']} {event['message_id']}" for event in map(json.loads, output.splitlines()))


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["delivered new", "delivered old", "seen new"]),
        (("--since", "1h"), ["delivered new", "seen new"]),
        (("--since", LONG_AGO.isoformat(), "-a", "hyber_main"), ["delivered new", "delivered old"]),
        (("--type", "seen", "--type", "failed"), ["seen new"]),
        (("--message", "old"), ["delivered old"]),
    ],
)
async def test_what_is_there_is_shown_as_it_is_chosen(
    topics: World, arguments: tuple[str, ...], expected: list[str]
) -> None:
    """All of it, or from an instant on, by account, type and message; then the command ends."""
    assert await shown(topics, *arguments) == expected


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_lines_for_people_are_plain_in_a_pipe(topics: World) -> None:
    """One line each, without colours; what is no event is named, and nothing of it is shown."""
    code, output, errors = await ended(started(topics, "--no-follow"))
    assert (code, len(output.splitlines()), "\x1b" in output) == (0, 3, False)
    assert errors.startswith(f"not an event: {topics.topics['failed']}[")
    assert errors.count("\n") == 1


@pytest.mark.kafka
async def test_it_follows_from_now_on_and_ends_in_order(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """What was there is not shown, what comes is, soon; Ctrl-C ends it with exit code 0 and without a word."""
    async with world(kafka.bootstrap_servers, tmp_path) as topics:
        await publish(topics, "delivered", "before")
        process = started(topics, "--json")
        assert process.stdout is not None
        first = asyncio.create_task(asyncio.to_thread(process.stdout.readline))
        deadline = time.monotonic() + 30
        number = 0
        while not first.done() and time.monotonic() < deadline:  # it is not told when it has begun
            number += 1
            await publish(topics, "delivered", "follow", sequence=number)
            await asyncio.wait([first], timeout=0.2)
        assert json.loads(await first)["message_id"] == "follow"
        process.send_signal(signal.SIGINT)
        code, _, errors = await ended(process)
        assert (code, errors) == (0, "")


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_a_reader_that_goes_away_ends_it(topics: World) -> None:
    """At once, though nothing comes any more; exit code 0, no traceback."""
    process = started(topics, "--json", "--from-beginning")
    assert process.stdout is not None
    await asyncio.to_thread(process.stdout.readline)
    process.stdout.close()
    await eventually(lambda: process.poll() is not None, what="the end")
    assert process.stderr is not None
    assert (process.returncode, "Traceback" in process.stderr.read()) == (0, False)
    process.stderr.close()


@pytest.mark.kafka
@pytest.mark.asyncio(loop_scope="module")
async def test_missing_topics_are_named(topics: World) -> None:
    """There is nothing to follow."""
    absent = {name: f"no-such-{uuid.uuid4().hex}" for name in ("delivered", "seen", "failed", "answered")}
    config = topics.folder / "absent.toml"
    port = topics.bootstrap_servers.rpartition(":")[2]
    lines = "".join(f'{name} = "{topic}"\n' for name, topic in absent.items())
    config.write_text(f"{CONFIG.format(port=port)}[topics]\n{lines}")
    command = [sys.executable, "-m", "relay", "events", "--config", str(config)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False, timeout=90)
    assert (done.returncode, done.stdout) == (1, "")
    assert all(topic in done.stderr for topic in absent.values())


def exit_code(command: tuple[str, ...], folder: Path, *, port: int = 1) -> int:
    """Run a command in this process, with a configuration that names a Kafka."""
    config = folder / "relay.toml"
    config.write_text(CONFIG.format(port=port))
    with pytest.raises(SystemExit) as exited:
        main([*command, "--config", str(config)])
    code = exited.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize("command", [("events",), ("dead-letters", "list"), ("dead-letters", "redrive", "x", "--yes")])
def test_an_absent_kafka_is_one_line_and_exit_code_1(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so soon, without a traceback."""
    (port,) = free_ports(1)
    assert exit_code(command, tmp_path, port=port) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Kafka can't be used: KafkaConnectionError")


def test_a_kafka_that_never_answers_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It isn't waited for endlessly."""
    monkeypatch.setattr(reading, "START_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert exit_code(("dead-letters", "list"), tmp_path, port=silent.getsockname()[1]) == 1
    assert capsys.readouterr().err == "Kafka can't be used: TimeoutError: no answer in time\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("events", "--since", "yesterday"), "must be how long ago"),
        (("events", "--type", "lost"), "lost"),
        (("dead-letters", "redrive"), "name dead letters"),
        (("dead-letters", "redrive", "x", "--all"), "take --all alone"),
        (("dead-letters", "list", "--since", "1x"), "must be how long ago"),
        (("dead-letters", "list", "--limit", "0"), "--limit"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    command: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told what is wrong, before Kafka is asked for anything."""
    assert exit_code(command, tmp_path) == 2
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert said in told
    assert "Traceback" not in told
