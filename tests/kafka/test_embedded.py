"""The embedded broker as a process: it starts, keeps its data, tells why it failed and leaves nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from relay.kafka.embedded import storage
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.errors import EmbeddedKafkaFailed
from relay.kafka.embedded.readiness import answers

DEADLINE_SECONDS = 60.0
OWNER = """\
import signal
from relay.kafka.embedded.broker import EmbeddedKafka
broker = EmbeddedKafka.start()
print(broker.pid, broker.data, flush=True)
signal.pause()
"""


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll until the condition holds or the deadline has passed."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_gone(pid: int) -> bool:
    """Tell whether no such process exists, not even as a zombie."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


async def create_topic(servers: str, name: str) -> None:
    """Create a topic whose records the broker itself must compress with zstd."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"compression.type": "zstd"})])
    finally:
        await admin.close()


async def produce(servers: str, topic: str, value: bytes) -> None:
    """Write one record and wait for its acknowledgement."""
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", max_request_size=20_000_000) as producer:
        await producer.send_and_wait(topic, value, partition=0)


async def first_value(servers: str, topic: str) -> bytes | None:
    """Read the first record of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        record = await consumer.getone()
        value: bytes | None = record.value
        return value
    finally:
        await consumer.stop()


@pytest.mark.kafka
async def test_large_zstd_records_pass_through_the_session_broker(kafka: EmbeddedKafka) -> None:
    """A record of 16 MiB is accepted, recompressed with zstd by the broker and read back."""
    body = os.urandom(1024) * 16 * 1024
    await create_topic(kafka.bootstrap_servers, "embedded.large")
    await produce(kafka.bootstrap_servers, "embedded.large", body)
    assert await first_value(kafka.bootstrap_servers, "embedded.large") == body


@pytest.mark.kafka
async def test_records_survive_a_crash_and_a_later_start(tmp_path: Path) -> None:
    """A kept data folder holds its records over kill, restart, stop and a new start, all at one port."""
    with EmbeddedKafka.start(tmp_path) as broker:
        servers = broker.bootstrap_servers
        await create_topic(servers, "kept")
        await produce(servers, "kept", b"1")
        broker.kill()
        assert broker.pid is None
        broker.restart()
        assert broker.bootstrap_servers == servers
        assert await first_value(servers, "kept") == b"1"
    with EmbeddedKafka.start(tmp_path, port=int(servers.rpartition(":")[2])) as broker:
        assert await first_value(servers, "kept") == b"1"


@pytest.mark.kafka
def test_a_broker_without_processor_time_stays_in_its_cluster() -> None:
    """Run for a moment every few seconds, it is in its own metadata at every look afterwards."""
    with EmbeddedKafka.start() as broker:
        assert broker.pid is not None
        for _ in range(4):  # by the clock, for it is the broker's own that must not run out
            os.kill(broker.pid, signal.SIGSTOP)
            time.sleep(3.5)
            os.kill(broker.pid, signal.SIGCONT)
            time.sleep(0.02)
        port = int(broker.bootstrap_servers.rpartition(":")[2])
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert answers(port)
            time.sleep(0.005)


@pytest.mark.kafka
def test_stop_leaves_neither_process_nor_temporary_data() -> None:
    """After stop, which may be repeated, the Java process and the temporary folder are gone."""
    broker = EmbeddedKafka.start()
    pid = broker.pid
    assert pid is not None
    assert not is_gone(pid)
    broker.stop()
    broker.stop()
    assert is_gone(pid)
    assert not broker.data.exists()


@pytest.mark.kafka
def test_the_broker_dies_with_a_killed_owner() -> None:
    """SIGKILL of the process that started the broker ends the broker and removes its temporary data."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, _, data = owner.stdout.readline().strip().partition(" ")
        assert not is_gone(int(pid))
        owner.kill()
    assert eventually(lambda: is_gone(int(pid)))
    assert eventually(lambda: not Path(data).exists())


@pytest.mark.kafka
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its killed parent")
def test_the_broker_dies_with_a_killed_keeper(tmp_path: Path) -> None:
    """SIGKILL of the process between owner and broker ends the broker; stop and restart still work."""
    with EmbeddedKafka.start(tmp_path) as broker:
        pid = broker.pid
        assert pid is not None
        keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        assert eventually(lambda: is_gone(pid))
        assert eventually(lambda: not broker.running)
        broker.restart()
        assert broker.pid not in {None, pid}


def test_a_taken_port_is_named_at_once(tmp_path: Path) -> None:
    """A port on which somebody listens is refused before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(EmbeddedKafkaFailed, match=f"port {port} on 127.0.0.1 is already in use"):
            EmbeddedKafka.start(tmp_path, port=port)


@pytest.mark.kafka
def test_a_broker_that_dies_at_start_says_why_and_where(tmp_path: Path) -> None:
    """The error has the last meaningful line of the log and its path."""
    (tmp_path / "storage").mkdir()
    with pytest.raises(EmbeddedKafkaFailed, match=r"ended while it started: .*meta\.properties") as failed:
        EmbeddedKafka.start(tmp_path)
    assert failed.value.log == tmp_path / "broker.log"
    assert str(failed.value.log) in str(failed.value)


@pytest.mark.kafka
def test_a_property_that_kafka_refuses_is_named(tmp_path: Path) -> None:
    """Storage that could not be formatted is an error with Kafka's own words."""
    with pytest.raises(EmbeddedKafkaFailed, match=r"could not be formatted: .*num\.partitions"):
        EmbeddedKafka.start(tmp_path, extra_properties={"num.partitions": "none"})


@pytest.mark.kafka
def test_storage_that_is_not_formatted_in_time_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a line, as every failure; the next start formats anew."""
    with monkeypatch.context() as patched:
        patched.setattr(storage, "FORMAT_SECONDS", 0.01)
        with pytest.raises(EmbeddedKafkaFailed, match=r"not formatted within 0\.01 s"):
            EmbeddedKafka.start(tmp_path)
    with EmbeddedKafka.start(tmp_path) as broker:
        assert broker.running


@pytest.mark.kafka
def test_a_broker_that_does_not_answer_in_time_is_ended(tmp_path: Path) -> None:
    """The deadline is kept and the process ended: it would hold the lock of its storage otherwise."""
    with pytest.raises(EmbeddedKafkaFailed, match="did not answer within 0 s"):
        EmbeddedKafka.start(tmp_path, ready_seconds=0)
    with EmbeddedKafka.start(tmp_path) as broker:
        assert broker.running
