"""Runs the relay and looks again and again at what its main thread does: `python -m bench.alone.profiled OUT run …`.

SIGUSR1 begins, SIGUSR2 ends and writes OUT: samples by part. A sample is taken after each 2 ms of CPU time; it counts
for the innermost function that belongs to a part, and C code for who called it.
"""

import json
import signal
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import FrameType

from relay.__main__ import main

SAMPLE_SECONDS = 0.002
WAITING = "event loop, waiting"
PARTS = (
    ("relay/ingest/", "ingest"),
    ("relay/contracts/", "contracts: requests, headers, events"),
    ("relay/providers/", "reading answers"),
    ("relay/lookups/", "lookups: pace, gate, HTTP client"),
    ("relay/core/", "deciding"),
    ("relay/slot/codec.py", "states and inbox records as bytes"),
    ("relay/slot/publishing.py", "events and records"),
    ("relay/slot/committer.py", "transactions and sending"),
    ("relay/slot/fencing.py", "transactions and sending"),
    ("relay/kafka/", "transactions and sending"),
    ("relay/slot/", "slots: mailboxes, turns, timers"),
    ("relay/observe/", "log lines and metrics"),
    ("/structlog/", "log lines and metrics"),
    ("/logging/", "log lines and metrics"),
    ("/prometheus_client/", "log lines and metrics"),
    ("/aiokafka/producer/", "transactions and sending"),
    ("/aiokafka/consumer/", "receiving records"),
    ("/aiokafka/", "Kafka's protocol and connections"),
    ("/faststream/", "ingest"),
    ("/httptools/", "lookups: pace, gate, HTTP client"),
)
RECORDS = "/aiokafka/record/"  # of senders and receivers: whoever called it counts


@cache
def part_of(file: str) -> str | None:
    """Return the part that a file belongs to."""
    path = Path(file).as_posix()
    return None if RECORDS in path else next((part for place, part in PARTS if place in path), None)


class Sampler:
    """Counts by part."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._counts: Counter[str] = Counter()

    def begin(self, _number: int, _frame: FrameType | None) -> None:
        """Count from now on."""
        signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)

    def look(self, _number: int, frame: FrameType | None) -> None:
        """Count what runs now."""
        while frame is not None:
            if (part := part_of(frame.f_code.co_filename)) is not None:
                self._counts[part] += 1
                return
            frame = frame.f_back
        self._counts[WAITING] += 1

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """Write what was counted."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._out.write_text(json.dumps(dict(self._counts.most_common())))


if __name__ == "__main__":
    sampler = Sampler(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGPROF, sampler.look)
    signal.signal(signal.SIGUSR1, sampler.begin)
    signal.signal(signal.SIGUSR2, sampler.end)
    main()
