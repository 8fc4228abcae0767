"""A relay process as a test sees it: its log lines, its HTTP server, and the signals that it can be sent."""

import contextlib
import json
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.polling import eventually, eventually_async


@dataclass(slots=True, kw_only=True)
class Replica:
    """One relay process; its log lines go to a file."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return the log lines so far, or those of one event."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                entry = json.loads(line)
                if event is None or entry.get("event") == event:
                    found.append(entry)
        return found

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop it as a long pause of its machine would."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let a frozen process run on."""
        self.process.send_signal(signal.SIGCONT)

    @property
    def frozen(self) -> bool:
        """Whether the process is stopped by a signal."""
        status = Path(f"/proc/{self.process.pid}/stat")
        return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "T"

    async def terminated(self, seconds: float = 30) -> int | None:
        """Ask for an orderly end and return the exit code, None if it does not end in time."""
        self.process.terminate()
        with contextlib.suppress(TimeoutError):
            await eventually(lambda: not self.running, seconds=seconds, what="the end of the process")
        return self.process.poll()

    async def get(self, path: str) -> tuple[int, str]:
        """Ask the process's HTTP server; returns status and body."""
        started = await eventually(lambda: self.lines("http.started"), seconds=60, what="http.started")
        url = f"http://127.0.0.1:{started[-1]['port']}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()

    async def ready(self, seconds: float = 90) -> None:
        """Wait until /ready says yes."""

        async def asked() -> bool:
            assert self.running, self.log.read_text()[-4000:]
            return (await self.get("/ready"))[0] == 200

        await eventually_async(asked, seconds=seconds, what="/ready")
