"""What the figures were taken with: the machine, and the versions."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil

from relay import __version__
from relay.kafka.embedded.jars import KAFKA_VERSION

PACKAGES = ("aiokafka", "faststream", "pydantic", "httptools", "uvloop", "httpx", "aiohttp")


def machine() -> dict[str, str]:
    """Describe the machine."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


@contextmanager
def host_watched(described: dict[str, str]) -> Iterator[None]:
    """Note in the machine's description what share of the cores' time its host gave to others meanwhile."""
    stolen, passed = _stolen_and_passed()
    yield
    stolen, passed = (after - before for after, before in zip(_stolen_and_passed(), (stolen, passed), strict=True))
    described["taken away by its host"] = f"{stolen / max(passed, 1.0):.0%}"


def _stolen_and_passed() -> tuple[float, float]:
    times = psutil.cpu_times()
    twice = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # Linux counts it as user's, too
    return getattr(times, "steal", 0.0), sum(times) - twice


def versions() -> dict[str, str]:
    """Give the versions of everything that takes part."""
    packages = {name: version(name) for name in PACKAGES}
    return {"relay": __version__, "Python": platform.python_version(), "Apache Kafka": KAFKA_VERSION, **packages}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
