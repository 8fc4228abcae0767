"""The files that the embedded broker reads: its properties and its logging; paths are relative to the data folder."""

from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"
LARGEST_RECORD_BATCH_BYTES = 20 * 1024 * 1024
# How long a broker that says nothing stays in the cluster. Nobody takes over from a node that is alone: a machine
# that is short of processor time must not make it leave. One that was killed is let in again only when its old
# session is over.
SESSION_MILLISECONDS, KILLED_MILLISECONDS = 60_000, 3_000

LOG4J = """\
status = error
appender.output.type = Console
appender.output.name = output
appender.output.layout.type = PatternLayout
appender.output.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.output.ref = output
"""


def broker_properties(port: int, controller_port: int, log_dir: str, *, killed: bool) -> dict[str, str]:
    """One node that is broker and controller, sized for a laptop, with no replication to wait for.

    `killed`: it did not end in order when it ran with these data before.
    """
    controller = f"{HOST}:{controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": controller,
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log_dir,
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(LARGEST_RECORD_BATCH_BYTES),
        "replica.fetch.max.bytes": str(LARGEST_RECORD_BATCH_BYTES),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "broker.session.timeout.ms": str(KILLED_MILLISECONDS if killed else SESSION_MILLISECONDS),
        "broker.heartbeat.interval.ms": "500",
        # Allocated at start; the default of 128 MiB is a third of what the broker then occupies.
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def write_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Write a Java properties file; everything in it is ASCII."""
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), "ascii")
