"""Runs the relay as in a read-only file system: `python read_only.py run --config …`, for tests only.

Whatever Python would write, create, move or remove is refused, as the kernel would refuse it, and named on stderr.
"""

import errno
import os
import sys
from typing import Any

from relay.commands import main

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = frozenset(
    f"os.{name}"
    for name in ("chmod", "chown", "link", "mkdir", "remove", "rename", "rmdir", "symlink", "truncate", "utime")
)
DEVICES = ("/dev/null", "/dev/tty")


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise the error of a read-only file system for what would change one; an audit hook of the interpreter."""
    if event == "open":
        path, _mode, flags = arguments
        if isinstance(path, int) or str(path) in DEVICES or not flags & WRITES:
            return
    elif event not in CHANGES:
        return
    sys.stderr.write(f"refused: {event} {arguments[0]!r}\n")
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(arguments[0]))


if __name__ == "__main__":
    sys.addaudithook(refuse)
    main(sys.argv[1:])
