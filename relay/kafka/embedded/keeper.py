"""Runs one command and never lets it outlive the process that started this keeper.

Takes a folder ("" for none) and the command as arguments, and orders on stdin: `T` terminate, `K` kill; the end of
stdin means that the owner is gone: kill, and remove the folder. Prints the command's process id. It is started as a
plain file, so it imports nothing but the standard library.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

ORDERS = {b"T": signal.SIGTERM, b"K": signal.SIGKILL}
OWNER_CHECK_SECONDS = 1.0
PR_SET_PDEATHSIG = 1


def main(abandoned_folder: str, *command: str) -> None:
    """Run the command to its end."""
    owner = os.getppid()
    life, held_by_child = os.pipe()
    child = subprocess.Popen(  # noqa: S603 -- the command comes from broker.py
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        pass_fds=[held_by_child],
        preexec_fn=_die_with_keeper,  # noqa: PLW1509 -- this process has one thread
    )
    os.close(held_by_child)
    print(child.pid, flush=True)  # noqa: T201 -- what the owner waits for
    while child.poll() is None:
        order = _next_order(life, owner)
        if order is not None:
            child.send_signal(ORDERS.get(order, signal.SIGKILL))
        if order == b"":
            child.wait()
            _remove(abandoned_folder)


def _next_order(life: int, owner: int) -> bytes | None:
    """Wait for an order (b"": the owner is gone) or the child's end; None when there is nothing to do but look."""
    readable, _, _ = select.select([0, life], [], [], OWNER_CHECK_SECONDS)
    if life in readable:  # closed by the kernel when the child ended
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        return None
    # A process that the owner forked may hold the pipe open after the owner's death.
    if os.getppid() != owner:
        return b""
    return os.read(0, 1) if 0 in readable else None


def _die_with_keeper() -> None:
    """Have the kernel kill the child if this keeper itself is killed; only Linux offers that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def _remove(folder: str) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
