"""Free TCP ports on loopback; a port found free can be taken by another before it is bound, so callers try again."""

import contextlib
import socket

from relay.kafka.embedded.properties import HOST


def free_ports(count: int) -> list[int]:
    """Find different ports that nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(_bound(0)) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def is_free(port: int) -> bool:
    """Tell whether the port could be listened on now."""
    try:
        _bound(port).close()
    except OSError:
        return False
    return True


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    try:
        # As the broker does it: connections in TIME_WAIT are no obstacle, a listener is.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound
