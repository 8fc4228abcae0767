"""`relay simulate` through the command line."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "relay", "simulate", "--port", "0"]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def simulated(*arguments: str) -> Iterator[str]:
    """Run the command, give what it prints at the start, and see that it ends in order."""
    process = subprocess.Popen([*COMMAND, *arguments], env=ENVIRON, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("curl"):
                break
        yield "".join(lines)
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.stdout.close()
        assert process.wait(timeout=90) == 0


def answered(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """Ask over HTTP, posting a body if there is one."""
    request = urllib.request.Request(url, body, dict(headers or {}))  # noqa: S310 - the simulator on this machine
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        read: bytes = response.read()
        return read


def account_in(text: str) -> dict[str, Any]:
    """Read the voice account that is there to be pasted."""
    table = text[text.index("[accounts.voice]") : text.index("\nHyber invents")]
    account: dict[str, Any] = tomllib.loads(table)["accounts"]["voice"]
    return account


def place_a_call(text: str) -> None:
    """Do what the printed curl command does."""
    (line,) = re.findall(r"^curl .*$", text, re.MULTILINE)
    _, url, _, body = shlex.split(line)
    answered(url, body.encode())


def test_the_printed_account_collects_a_call_that_was_placed_as_printed() -> None:
    """Table and command of the start are all that a person needs; the report is handed out once."""
    with simulated("--speed", "100000") as text:
        account = account_in(text)
        place_a_call(text)
        basic = b64encode(f"{account['username']}:{account['password']}".encode()).decode()
        url, headers = account["base_url"] + account["path"], {"Authorization": f"Basic {basic}"}
        reports = [answered(url, headers=headers) for _ in range(2)]
        assert [b"call-1" in report for report in reports] == [True, False]


def test_the_options_shape_the_voice_site() -> None:
    """Key, paths and the layout of XML are those of the options."""
    options = ["--voice-auth", "app", "--voice-path", "/voice/white-label", "--voice-logs-path", "/log"]
    with simulated("--speed", "100000", *options, "--voice-xml", "results") as text:
        account = account_in(text)
        place_a_call(text)
        asked = {"Authorization": f"App {account['api_key']}", "Accept": "application/xml"}
        assert (account["path"], account["logs_path"]) == ("/voice/white-label", "/log")
        for path in (account["logs_path"], account["path"]):
            assert b"<results><results>" in answered(account["base_url"] + path, headers=asked)


def test_a_path_without_a_slash_is_wrong_usage() -> None:
    """It is told in one line which option is to be mended."""
    for option in ("--voice-path", "--voice-logs-path"):
        done = subprocess.run(
            [*COMMAND, option, "tts"], env=ENVIRON, capture_output=True, text=True, timeout=90, check=False
        )
        assert (done.returncode, done.stderr) == (2, f'{option}: must start with "/"\n')
