"""Prepares a data folder for the broker; storage that was formatted once is kept, a half-formatted one is not."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from relay.kafka.embedded.errors import EmbeddedKafkaFailed
from relay.kafka.embedded.java import last_meaningful_line
from relay.kafka.embedded.properties import LOG4J, broker_properties, write_properties

LOG_NAME = "broker.log"
PROPERTIES_NAME = "server.properties"
STORAGE = "storage"
ENDED_IN_ORDER = ".kafka_cleanshutdown"  # Kafka removes it when it starts
UNFINISHED = "storage.unfinished"
FORMAT_SECONDS = 180.0
VOTERS = "controller.quorum.voters"


def prepare(data: Path, java: Sequence[str | Path], port: int, controller_port: int, extra: Mapping[str, str]) -> None:
    """Write the broker's files and format the storage where there is none.

    Raises `EmbeddedKafkaFailed`.
    """
    shutil.rmtree(data / "tmp", ignore_errors=True)  # a killed broker leaves its native libraries
    (data / "tmp").mkdir()
    (data / "log4j2.properties").write_text(LOG4J, "ascii")
    formatted = (data / STORAGE).exists()
    killed = formatted and not (data / STORAGE / ENDED_IN_ORDER).exists()

    def write(log_dir: str) -> None:
        properties = broker_properties(port, controller_port, log_dir, killed=killed)
        write_properties(data / PROPERTIES_NAME, properties | dict(extra))

    if not formatted:
        shutil.rmtree(data / UNFINISHED, ignore_errors=True)
        write(UNFINISHED)
        _format(data, java, extra.get(VOTERS))
        (data / UNFINISHED).rename(data / STORAGE)
    write(STORAGE)


def _format(data: Path, java: Sequence[str | Path], voters: str | None) -> None:
    """Format for a node that stands alone, or for one of several whose voters are named: they make the cluster's id."""
    number = uuid.uuid4() if voters is None else uuid.uuid5(uuid.NAMESPACE_URL, voters)
    # One argument, for an id may begin with a dash.
    cluster = "--cluster-id=" + base64.urlsafe_b64encode(number.bytes).decode().rstrip("=")
    alone = ["--standalone"] if voters is None else []
    command = [*java, "kafka.tools.StorageTool", "format", cluster, *alone, "--config", PROPERTIES_NAME]
    try:
        done = subprocess.run(  # noqa: S603 -- the bundled Java
            command,
            cwd=data,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=FORMAT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        why = f"Kafka's storage was not formatted within {FORMAT_SECONDS:g} s"
        raise EmbeddedKafkaFailed(why, data / LOG_NAME) from None
    with (data / LOG_NAME).open("ab") as log:
        log.write(done.stdout)
    if done.returncode != 0:
        why = last_meaningful_line(done.stdout.decode(errors="replace").splitlines())
        raise EmbeddedKafkaFailed(f"Kafka's storage could not be formatted: {why}", data / LOG_NAME)
