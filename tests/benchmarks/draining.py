"""Drains unread voice reports with one relay process: `python tests/benchmarks/draining.py [COUNT]`, 50,000 by default.

Measured from the request to the last event that a read_committed reader can see; and the process's peak of memory.
The simulator runs in a process of its own, so that it takes no time from the relay.
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

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from relay.kafka.embedded import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports

PARTITIONS = 12
LIMIT = 1000
PER_ORDER = 10_000
DEADLINE_SECONDS = 300
READY_SECONDS = 60
EVENT_TOPICS = ("delivered", "failed", "answered")
TOPICS = ("fetch_requests", "messages_sent", *EVENT_TOPICS, "seen", "dead_letters", "inbox", "raw", "state")
CONFIG = """
[kafka]
bootstrap_servers = "{bootstrap}"
[relay]
group = "{run}"
partitions = 12
[http]
port = {port}
[topics]
{topics}
[accounts.voice]
provider = "infobip_voice"
base_url = "{url}"
username = "login"
password = "password"
limit = 1000
"""


async def placed(url: str, count: int) -> int:
    """Give the simulator calls that ended in every way, and return how many events they must lead to."""
    ends, due = ("answered", "machine", "busy", "no_answer"), 0
    async with aiohttp.ClientSession() as session:
        for start in range(0, count, PER_ORDER):
            calls = [
                {
                    "message_id": str(uuid.uuid4()),
                    "bulk_id": "bulk",
                    "sent_at": time.time() - 3600,
                    "end": ends[number % len(ends)],
                }
                for number in range(start, min(count, start + PER_ORDER))
            ]
            due += sum(2 if call["end"] in ends[:2] else 1 for call in calls)
            async with session.post(f"{url}/_simulator/calls", json={"calls": calls}) as response:
                response.raise_for_status()
    return due


async def ready(port: int) -> None:
    """Wait until the relay's /ready says yes."""
    deadline = time.monotonic() + READY_SECONDS
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            try:
                async with session.get(f"http://127.0.0.1:{port}/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError("the relay did not become ready")


async def drained(
    bootstrap: str, names: dict[str, str], due: int, process: "subprocess.Popen[bytes]"
) -> dict[str, Any]:
    """Ask for whatever is unread; count the events that become visible until all have."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await reader.start()
    await producer.start()
    reader.assign([TopicPartition(names[name], number) for name in EVENT_TOPICS for number in range(PARTITIONS)])
    request = {"request_id": "all", "account": "voice"}
    began, first, seen, cpu = time.perf_counter(), 0.0, 0, cpu_seconds(process.pid)
    await producer.send_and_wait(names["fetch_requests"], json.dumps(request).encode())
    while seen < due and time.perf_counter() < began + DEADLINE_SECONDS:
        seen += sum(len(records) for records in (await reader.getmany(timeout_ms=50)).values())
        first = first or (time.perf_counter() if seen else 0.0)
    ended = time.perf_counter()
    await reader.stop()
    await producer.stop()
    return {
        "events": seen,
        "due": due,
        "seconds": round(ended - began, 1),
        "after the first": round(ended - first, 1),
        "CPU seconds": round(cpu_seconds(process.pid) - cpu, 1),
        "peak MB": peak_megabytes(process.pid),
    }


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid: int) -> int:
    """Return the most memory that a process ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1000


async def relayed(bootstrap: str, url: str, count: int) -> dict[str, Any]:
    """Run one relay process over so many unread reports."""
    run = f"drain-{uuid.uuid4().hex[:6]}"
    names = {name: f"{run}.{name}" for name in TOPICS}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(names[name], PARTITIONS, 1) for name in (*EVENT_TOPICS, "fetch_requests")])
    await admin.close()
    (port,) = free_ports(1)
    folder = Path(tempfile.mkdtemp(prefix="relay-drain-"))
    topics = "\n".join(f'{key} = "{name}"' for key, name in names.items())
    config = folder / "relay.toml"
    config.write_text(CONFIG.format(bootstrap=bootstrap, run=run, url=url, topics=topics, port=port))
    with (folder / "relay.log").open("w") as log:
        command = [sys.executable, "-m", "relay", "run", "--config", str(config)]
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: ASYNC220 - it takes no time that matters
        try:
            await ready(port)
            due = await placed(url, count)
            idle = peak_megabytes(process.pid)
            return {**await drained(bootstrap, names, due, process), "MB before": idle, "log": str(folder)}
        finally:
            process.terminate()
            process.wait(30)


async def main(count: int) -> None:
    """Measure and print a table."""
    (port,) = free_ports(1)
    with EmbeddedKafka.start() as kafka:
        command = [sys.executable, "-m", "relay", "simulate", "--port", str(port)]
        simulator = subprocess.Popen(  # noqa: ASYNC220 - it takes no time that matters here
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await answering(port)
            result = await relayed(kafka.bootstrap_servers, f"http://127.0.0.1:{port}", count)
        finally:
            simulator.kill()
    table = Table("reports", *result)
    table.add_row(str(count), *map(str, result.values()))
    Console().print(table)


async def answering(port: int) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise TimeoutError("the simulator did not start")


if __name__ == "__main__":
    asyncio.run(main(int((*sys.argv[1:], "50000")[0])))
