"""The relay as a contestant: its configuration, one process or several, and its own counters."""

import json
import re
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.error import URLError

from bench.running import Place, Running
from bench.topics import PARTITIONS
from relay.kafka.embedded.ports import free_ports

COMMAND = ("-m", "relay")
ACCOUNT = """
[accounts.hyber_main]
provider = "hyber"
base_url = "{url}"
client_id = "1021"
username = "login"
password = "password"
concurrency = 200
rate_per_second = 100000
[accounts.hyber_main.polling]
initial_seconds = {poll_seconds}
factor = 1
max_seconds = {poll_seconds}
"""
VOICE = """
[accounts.voice]
provider = "infobip_voice"
base_url = "{url}"
username = "login"
password = "password"
limit = 1000
"""
CONFIG = """
[kafka]
bootstrap_servers = "{bootstrap}"
[relay]
group = "{prefix}"
partitions = {partitions}
[http]
port = {port}
[topics]
{topics}
"""
HOUR = 3600.0
SERIES = re.compile(r"(?m)^(relay_\w+?(?:_total|_count|_sum)?)(?:\{[^}]*\})? ([0-9.e+-]+)$")


def relay(
    place: Place,
    *,
    processes: int = 1,
    poll_seconds: float = HOUR,
    account: str = ACCOUNT,
    command: Sequence[str | Path] = COMMAND,
) -> Running:
    """Start the relay; `poll_seconds`: how often a pending message is asked about."""
    ports = free_ports(processes)
    running = Running(ready=partial(_all_ready, ports), counted=partial(_counted, ports))
    for number, port in enumerate(ports):
        path = place.folder / f"{place.topics.prefix}-{number}.toml"
        topics = "\n".join(f'{key} = "{name}"' for key, name in place.topics.names.items())
        text = CONFIG.format(
            bootstrap=place.topics.bootstrap,
            prefix=place.topics.prefix,
            partitions=PARTITIONS,
            port=port,
            topics=topics,
        )
        path.write_text(text + account.format(url=place.url, poll_seconds=poll_seconds), encoding="utf-8")
        running.start([sys.executable, *command, "run", "--config", path], place)
    return running


def _all_ready(ports: Sequence[int]) -> bool:
    """Tell whether each process is ready, owns partitions, and all together own all."""
    slots = [_slots(port) for port in ports]
    return all(slots) and sum(slots) == PARTITIONS


def _slots(port: int) -> int:
    with suppress(URLError, OSError, ValueError):
        answer = json.loads(_get(port, "/ready"))
        return int(answer.get("slots", 0))
    return 0


def _get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
        body: bytes = response.read()
        return body


def _counted(ports: Sequence[int]) -> Mapping[str, float]:
    """Return the processes' own metrics, summed over processes and labels."""
    sums: dict[str, float] = {}
    for port in ports:
        for name, value in SERIES.findall(_get(port, "/metrics").decode()):
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums
