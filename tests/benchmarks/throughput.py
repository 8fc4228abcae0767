"""Fetches a second of one relay process beside the bare loop, in one run on one broker; `make bench` runs it.

Both find the same backlog of requests whose first lookup is final. The relay does everything it does in production:
validation, inbox, state machine, exactly once, limits, log lines to a file.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from relay.kafka.embedded import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports

HERE = Path(__file__).parent
PARTITIONS = 12
CONFIG = """
[kafka]
bootstrap_servers = "{bootstrap}"
[relay]
group = "{run}"
partitions = 12
[http]
port = 0
[logging]
level = "{level}"
[topics]
{topics}
[accounts.hyber_main]
provider = "hyber"
base_url = "{url}"
client_id = "1021"
username = "login"
password = "password"
concurrency = 200
rate_per_second = 100000
"""
TOPICS = (
    "fetch_requests",
    "messages_sent",
    "delivered",
    "seen",
    "failed",
    "answered",
    "dead_letters",
    "inbox",
    "raw",
    "state",
)


async def fill(bootstrap: str, topic: str, count: int) -> None:
    """Write `count` fetch requests."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=262_144, linger_ms=5)
    await producer.start()
    for number in range(count):
        message_id = str(uuid.uuid4())
        value = {"request_id": f"request-{number}", "account": "hyber_main", "message_id": message_id}
        await producer.send(topic, json.dumps(value).encode(), key=message_id.encode(), partition=number % PARTITIONS)
    await producer.stop()


async def create(bootstrap: str, *topics: str) -> None:
    """Create topics of twelve partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    await admin.close()


async def bare(bootstrap: str, url: str, count: int) -> dict[str, float]:
    """Run the bare loop in a process of its own."""
    run = f"bare-{uuid.uuid4().hex[:6]}"
    topics = [f"{run}.{name}" for name in ("source", "sink", "state")]
    await create(bootstrap, *topics)
    await fill(bootstrap, topics[0], count)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "bare_loop.py"), bootstrap, *topics, url, str(count), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    result: dict[str, float] = json.loads(output)
    return result


async def relayed(bootstrap: str, url: str, count: int, level: str) -> dict[str, float]:
    """Run one relay process on a backlog; measured from its first to its last committed event."""
    run = f"bench-{uuid.uuid4().hex[:6]}"
    names = {name: f"{run}.{name}" for name in TOPICS}
    await create(bootstrap, names["fetch_requests"], names["delivered"])
    await fill(bootstrap, names["fetch_requests"], count)
    folder = Path(tempfile.mkdtemp(prefix="relay-bench-"))
    config = folder / "relay.toml"
    topics = "\n".join(f'{key} = "{name}"' for key, name in names.items())
    config.write_text(CONFIG.format(bootstrap=bootstrap, run=run, url=url, topics=topics, level=level))
    with (folder / "relay.log").open("w") as log:
        command = [sys.executable, "-m", "relay", "run", "--config", str(config)]
        process = subprocess.Popen(command, stderr=log)  # noqa: ASYNC220 - it takes no time that matters here
        try:
            return await measured(bootstrap, names["delivered"], count, process)
        finally:
            process.terminate()
            process.wait(30)


async def measured(bootstrap: str, topic: str, count: int, process: "subprocess.Popen[bytes]") -> dict[str, float]:
    """Count committed events until all are there."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    await reader.start()
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    began, cpu, first, seen = 0.0, 0.0, 0, 0
    deadline = time.monotonic() + 300
    while seen < count and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        # transaction markers take offsets, too: the exact count is read at the end
        ends = await reader.end_offsets(partitions)
        seen = sum(ends.values())
        if seen and not began:
            began, cpu, first = time.perf_counter(), cpu_seconds(process.pid), seen
        if seen >= count and await exact(reader, partitions) < count:
            seen = count - 1
    seconds = time.perf_counter() - began
    used = cpu_seconds(process.pid) - cpu
    await reader.stop()
    return {"per_second": round((count - first) / seconds), "cpu_us": round(used / (count - first) * 1e6)}


async def exact(reader: AIOKafkaConsumer, partitions: list[TopicPartition]) -> int:
    """Count the records that a read_committed reader gets."""
    reader.assign(partitions)
    await reader.seek_to_beginning(*partitions)
    ends: dict[Any, int] = await reader.end_offsets(partitions)
    total = 0
    while any([await reader.position(tp) < ends[tp] for tp in partitions]):
        total += sum(len(records) for records in (await reader.getmany(timeout_ms=100)).values())
    return total


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(count: int, rounds: int) -> None:
    """Measure both in turn, several times, and print a table."""
    table = Table("round", "what", "fetches/s", "CPU µs per fetch")
    with EmbeddedKafka.start() as kafka:
        (port,) = free_ports(1)
        command = [sys.executable, str(HERE / "upstream.py"), str(port)]
        upstream = subprocess.Popen(command)  # noqa: ASYNC220 - it takes no time that matters here
        url = f"http://127.0.0.1:{port}"
        try:
            for number in range(rounds):
                for name, result in (
                    ("bare loop", await bare(kafka.bootstrap_servers, url, count)),
                    ("relay", await relayed(kafka.bootstrap_servers, url, count, "info")),
                ):
                    table.add_row(str(number + 1), name, str(result["per_second"]), str(result["cpu_us"]))
                    Console(stderr=True).log(number + 1, name, result)
        finally:
            upstream.kill()
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in (*sys.argv[1:], "20000", "3")[:2])))
