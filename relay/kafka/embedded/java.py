"""The Java side: how a class of Kafka's is run in a data folder, and the sense of what it logged."""

from collections.abc import Iterable
from pathlib import Path

FLAGS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Xmx512m",
    "-Djava.awt.headless=true",
    "-Djava.io.tmpdir=tmp",  # zstd unpacks its native library there; the system's may forbid execution
    "-Dlog4j2.configurationFile=log4j2.properties",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",  # else a warning at each start about Kafka's own code
)


def java_command(java: Path, jars: Path) -> list[str | Path]:
    """Begin a command line; the class and its arguments follow, the working folder is the data folder."""
    return [java, *FLAGS, "-cp", f"{jars}/*"]


def last_meaningful_line(log: Iterable[str]) -> str:
    """Pick the line that says best why a Java program ended: the last cause or error, else the last words."""
    lines = [line.strip() for line in log if line.strip() and not line.lstrip().startswith(("at ", "... "))]
    telling = [line for line in lines if "Exception" in line or " ERROR " in line or "Error:" in line]
    return (telling or lines or ["nothing was logged"])[-1]
