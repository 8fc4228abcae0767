"""Says whether a broker on loopback answers as Kafka does and has itself in its metadata; never raises."""

import socket
import struct

from relay.kafka.embedded.properties import HOST

METADATA, METADATA_VERSION = 3, 1
CORRELATION = 7
ANSWER_SECONDS = 2.0
# api key, api version, correlation id, client id (null), topics (an empty array: none)
REQUEST = struct.pack(">hhihi", METADATA, METADATA_VERSION, CORRELATION, -1, 0)


def answers(port: int) -> bool:
    """Ask for the cluster's metadata and tell whether a live broker is in it.

    An open port is not enough: until the controller has unfenced it, the broker is not in its own metadata and
    clients fail.
    """
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
            connection.sendall(struct.pack(">i", len(REQUEST)) + REQUEST)
            answer = _read_exactly(connection, 12)
    except OSError:
        return False
    # size of the answer, correlation id, length of the array of brokers
    correlation, brokers = struct.unpack(">4xii", answer)
    return bool(correlation == CORRELATION and brokers > 0)


def _read_exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise ConnectionResetError
        received += chunk
    return received
