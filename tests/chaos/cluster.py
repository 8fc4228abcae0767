"""Three brokers that are one cluster: everything replicated thrice, two replicas needed for a write."""

import contextlib
import socket
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.ports import free_ports
from relay.kafka.embedded.properties import HOST
from relay.kafka.embedded.storage import VOTERS

NODES = 3
READY_SECONDS = 180.0
ANSWER_SECONDS = 5.0
DESCRIBE_QUORUM, CORRELATION = 55, 7
METADATA_TOPIC = b"__cluster_metadata"
REPLICATED = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "broker.session.timeout.ms": "3000",
}


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[list[EmbeddedKafka]]:
    """Run three brokers, each of which is a controller, too; they start together, for none answers alone."""
    found = free_ports(2 * NODES)
    ports, controllers = found[:NODES], found[NODES:]
    voters = ",".join(f"{number}@{HOST}:{port}" for number, port in enumerate(controllers, 1))

    def started(number: int) -> EmbeddedKafka:
        port, controller = ports[number - 1], controllers[number - 1]
        return EmbeddedKafka.start(
            data=folder / f"kafka-{number}",
            port=port,
            progress=_unseen,
            extra_properties={
                **REPLICATED,
                VOTERS: voters,
                "node.id": str(number),
                "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
            },
            ready_seconds=READY_SECONDS,
        )

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(NODES) as pool:
        yield [stack.enter_context(broker) for broker in pool.map(started, range(1, NODES + 1))]


def _unseen(what: str, done: int, total: int | None) -> None:
    """Show nothing: three bars would be in each other's way."""


def controller_of(brokers: Sequence[EmbeddedKafka]) -> EmbeddedKafka:
    """Ask the brokers which of them leads the controllers; the metadata that clients get don't tell."""
    for broker in brokers:
        with contextlib.suppress(OSError):
            leader = _leader(int(broker.bootstrap_servers.rpartition(":")[2]))
            if 1 <= leader <= len(brokers):
                return brokers[leader - 1]
    raise TimeoutError("no broker knows the controller")


def _leader(port: int) -> int:
    """Return the id of the active controller, by DescribeQuorum 0."""
    name = bytes([len(METADATA_TOPIC) + 1]) + METADATA_TOPIC
    # header: key, version, correlation, client id (null), no tags; one topic with one partition, number 0
    request = struct.pack(">hhihb", DESCRIBE_QUORUM, 0, CORRELATION, -1, 0) + b"\x02" + name + b"\x02" + bytes(4 + 3)
    with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        stream = connection.makefile("rb")
        answer = stream.read(struct.unpack(">i", stream.read(4))[0])
    # correlation, tags, error, length of topics, the name, length of partitions; then number, error, leader
    start = 4 + 1 + 2 + 1 + len(name) + 1
    error, leader = struct.unpack_from(">hi", answer, start + 4)
    return int(leader) if error == 0 else -1
