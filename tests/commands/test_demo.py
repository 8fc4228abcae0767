"""`relay demo` from end to end, through the command line, on a real Kafka that is not its own."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports

DEMO_SECONDS = 200
RELAY = ("-m", "relay")
CUTS_LATE = """
import dataclasses, sys
from relay.commands import main
from relay.demo import play

planned = play.planned
play.planned = lambda *lives, **much: dataclasses.replace(planned(*lives, **much), cut_at=CUT_AT)
main(sys.argv[1:])
"""
"""The demo on a machine so slow that all reports were collected before an answer could be cut off."""


def demo(folder: Path, *arguments: str, command: Sequence[str] = RELAY) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of its own."""
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, *command, "demo", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )


async def topics_of(kafka: EmbeddedKafka) -> set[str]:
    """List the topics of a broker."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


@pytest.mark.kafka
@pytest.mark.parametrize("cut_at", [None, 3.5, 6.0], ids=["in time", "before all is sent", "behind it"])
def test_the_demo_publishes_everything_once_and_leaves_nothing(
    tmp_path: Path, kafka: EmbeddedKafka, cut_at: float | None
) -> None:
    """The sums add up, a lost answer was made good, and on a Kafka of others its topics are gone in the end."""
    command = RELAY if cut_at is None else ("-c", CUTS_LATE.replace("CUT_AT", str(cut_at)))
    done = demo(tmp_path, "--messages", "20", "--bootstrap-servers", kafka.bootstrap_servers, command=command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hyber_main: 16 sent = " in done.stdout
    assert re.search(r"voice: 1[0-9] sent = ", done.stdout)
    assert "reconciled from the provider's log" in done.stdout
    assert "published exactly once: yes" in done.stdout
    assert done.stderr == ""
    assert not [name for name in asyncio.run(topics_of(kafka)) if name.startswith("relay-demo-")]


def test_messages_out_of_range_are_wrong_usage(tmp_path: Path) -> None:
    """A number that makes no sense is refused before anything starts."""
    done = demo(tmp_path, "--messages", "0")
    assert done.returncode == 2
    assert not (tmp_path / ".relay").exists()


def test_a_folder_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    """Where the demo can't have its folder it says so, and starts nothing."""
    (tmp_path / ".relay").write_text("a file where the folder should be")
    done = demo(tmp_path, "--bootstrap-servers", "127.0.0.1:1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "can't be written" in done.stderr


def test_an_absent_kafka_is_told_in_one_line(tmp_path: Path) -> None:
    """The demo doesn't wait for a Kafka that isn't there."""
    (port,) = free_ports(1)
    done = demo(tmp_path, "--bootstrap-servers", f"127.0.0.1:{port}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"no answer from 127.0.0.1:{port}" in done.stderr
