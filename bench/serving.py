"""Starts the benchmarked provider, nginx where it is installed, and shows how much it can answer."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.bodies import HYBER_PATH, hyber_body
from bench.waiting import until
from relay.kafka.embedded.ports import free_ports
from relay.kafka.embedded.process import KeptProcess

NGINX = """
worker_processes 1; daemon off; pid nginx.pid; error_log nginx.log;
events {{ worker_connections 2048; }}
http {{
  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  access_log off; keepalive_requests 1000000000; default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=512;
    location ~ "^{path}/([^/]+)/advanced$" {{ return 200 '{body}'; }}
    location / {{ return 200 "0"; }}
  }}
}}
"""
CONNECTIONS = 64
EXCHANGES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A provider that listens."""

    server: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def tell(self, path: str) -> int:
        """Ask what `bench.upstream` knows, or make it change what it says."""
        with urllib.request.urlopen(f"{self.url}/{path}") as response:  # noqa: S310 - our own server
            return int(response.read())


@contextmanager
def upstream(folder: Path, *, nginx: bool = False) -> Iterator[Upstream]:
    """Run the provider; nginx if that is wanted and there is one, else the server in bench/upstream.py."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.upstream", str(port)]
    server = "bench/upstream.py (asyncio protocol on uvloop)"
    if nginx and (program := shutil.which("nginx")):
        (folder / "nginx.conf").write_text(
            NGINX.format(port=port, path=HYBER_PATH, body=hyber_body("delivered", "$1")), encoding="ascii"
        )
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        server = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stderr.strip()
    process = KeptProcess(command, folder=Path.cwd(), log=folder / "upstream.log", remove_if_abandoned=None)
    try:
        until(lambda: _listens(port), seconds=20, what="the upstream")
        yield Upstream(server=server.removeprefix("nginx version: "), port=port, pid=process.pid)
    finally:
        process.terminate(5)


def _listens(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False


def capacity(port: int) -> float:
    """Return how many lookups a second the provider answers at least, to a client that costs little; many at once."""
    return CONNECTIONS * EXCHANGES / sum(_exchanges(port, CONNECTIONS, EXCHANGES))


def answer_seconds(port: int) -> float:
    """Return how long a lone lookup takes, by the median."""
    return median(_exchanges(port, 1, EXCHANGES))


def _exchanges(port: int, at_once: int, count: int) -> list[float]:
    """Ask on so many connections at once, again and again; return how long each time took."""
    path = f"{HYBER_PATH}/00000000-0000-4000-8000-000000000000/advanced"
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic bG9naW46cGFzc3dvcmQ=\r\n\r\n".encode()
    times: list[float] = []
    with ExitStack() as opened:
        connections = [opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(at_once)]
        for _ in range(count):
            began = time.perf_counter()
            for connection in connections:
                connection.sendall(request)
            for connection in connections:
                connection.recv(65_536)  # an answer is one packet
            times.append(time.perf_counter() - began)
    return times
