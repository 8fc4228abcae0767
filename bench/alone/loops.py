"""Runs the bare loop, with and without HTTP, on topics of its own."""

import json
import subprocess
import sys
from typing import Any

from bench.scene import Scene
from bench.topics import Writer, message_ids


def bare_loop(scene: Scene, *, records: int, with_http: bool) -> dict[str, Any]:
    """Return how many records a second it does, and the CPU for each."""
    with scene.place() as place:
        names = place.topics.names
        place.topics.create("fetch_requests", "delivered", "state")
        with Writer(scene.bootstrap, names["fetch_requests"]) as writer:
            writer.write_all(message_ids(records))
        topics = [names[name] for name in ("fetch_requests", "delivered", "state")]
        command = [sys.executable, "-m", "bench.alone.bare_loop", scene.bootstrap, *topics, str(records)]
        output = subprocess.check_output([*command, place.url] if with_http else command)
        figures: dict[str, Any] = json.loads(output)
        return figures
