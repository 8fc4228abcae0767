"""What processes cost: the CPU time and the resident memory of whole trees of them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

SAMPLE_SECONDS = 0.2
MEGABYTE = 1_000_000


def tree(pids: Sequence[int]) -> list[psutil.Process]:
    """Return the processes and all that they started."""
    found: list[psutil.Process] = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            found += [process, *process.children(recursive=True)]
    return found


def cpu_seconds(*pids: int) -> float:
    """Return the CPU time that the processes and all that they started have used."""
    total = 0.0
    for process in tree(pids):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def busy_seconds() -> float:
    """Return for how long all cores of the machine were busy, with whatever, added up."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "irq", 0.0) + getattr(times, "softirq", 0.0))


def resident_bytes(*pids: int) -> int:
    """Return the resident memory of the processes and all that they started."""
    total = 0
    for process in tree(pids):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


class Peak:
    """The most memory that was seen."""

    bytes = 0


@contextmanager
def peak_of(pids: Sequence[int]) -> Iterator[Peak]:
    """Look at the memory of the processes again and again meanwhile."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_SECONDS):
            peak.bytes = max(peak.bytes, resident_bytes(*pids))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
        peak.bytes = max(peak.bytes, resident_bytes(*pids))
