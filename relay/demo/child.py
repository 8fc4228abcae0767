"""The relay as a child process that never outlives the demo; its log and its configuration are files of the folder."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from relay.kafka.embedded.process import KeptProcess
from relay.observe.lines import Line

READY_SECONDS = 180.0
STOP_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.1


class DemoFailed(Exception):  # noqa: N818 - the past participle says that it is over
    """The demo can't go on; the text says why and where to look."""


class RelayChild:
    """One `relay run` with its log."""

    def __init__(self, config: Path, log: Path, environ: Mapping[str, str]) -> None:
        self._log = log
        log.write_bytes(b"")
        self._process = KeptProcess(
            [sys.executable, "-m", "relay", "run", "--config", config.resolve()],
            folder=Path.cwd(),
            log=log,
            remove_if_abandoned=None,
            environ=_without_settings(os.environ) | dict(environ),
        )

    @property
    def alive(self) -> bool:
        """Whether the relay still runs."""
        return self._process.alive

    def check(self) -> None:
        """Raise DemoFailed if the relay has ended."""
        if not self.alive:
            raise DemoFailed(f"the relay ended by itself: {self._last_line()} (log: {self._log})")

    async def ready(self) -> None:
        """Wait until it says that it is ready; raises DemoFailed."""
        deadline = time.monotonic() + READY_SECONDS
        why = "it does not listen yet"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as client:
            while time.monotonic() < deadline:
                self.check()
                port = self._port()
                if port is not None:
                    why = await _why_not_ready(client, port)
                    if not why:
                        return
                await asyncio.sleep(LOOK_EVERY_SECONDS)
        raise DemoFailed(f"the relay was not ready within {READY_SECONDS:g} s: {why} (log: {self._log})")

    def stop(self) -> None:
        """Ask it to end, and kill it when it does not; may be repeated."""
        self._process.terminate(STOP_SECONDS)

    def _port(self) -> int | None:
        """Read from the log which free port it took."""
        for line in self._log.read_text("utf-8", errors="replace").splitlines():
            if Line.HTTP_STARTED in line:
                return int(json.loads(line)["port"])
        return None

    def _last_line(self) -> str:
        lines = self._log.read_text("utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it logged nothing"


async def _why_not_ready(client: aiohttp.ClientSession, port: int) -> str:
    try:
        async with client.get(f"http://127.0.0.1:{port}/ready") as response:
            answer = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return type(error).__name__
    return "" if answer.get("ready") else str(answer.get("why"))


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out the settings of another relay, which would win over the demo's file."""
    return {name: value for name, value in environ.items() if not name.startswith("RELAY_")}
