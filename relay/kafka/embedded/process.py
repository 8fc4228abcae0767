"""A child process that dies with this one, however this one ends: its keeper (keeper.py) watches a pipe from here."""

import contextlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")


class KeptProcess:
    """Owns the keeper; its methods may be called from any thread and after the end of the child."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        log: Path,
        remove_if_abandoned: Path | None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Start the command in `folder` with all its output appended to `log`; not waiting for anything."""
        with log.open("ab") as output:
            self._keeper = subprocess.Popen(  # noqa: S603 -- our own file and the bundled Java
                # Isolated, without site-packages: it starts in 30 ms and can't be changed by the environment.
                [sys.executable, "-I", "-S", KEEPER, remove_if_abandoned or "", *command],
                cwd=folder,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # Ctrl-C on the terminal is for the relay, which then stops the broker
            )
        assert self._keeper.stdout is not None
        with self._keeper.stdout as answer:
            self.pid = int(answer.readline() or 0)

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._keeper.poll() is None

    def terminate(self, within_seconds: float) -> None:
        """Ask the child to end, and kill it when it has not ended in time."""
        self._order(b"T")
        try:
            self._keeper.wait(within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close()

    def kill(self) -> None:
        """Kill the child and wait for its end."""
        self._order(b"K")
        self._keeper.wait()
        self._close()

    def _order(self, order: bytes) -> None:
        assert self._keeper.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # the child and its keeper have ended already
            self._keeper.stdin.write(order)
            self._keeper.stdin.flush()

    def _close(self) -> None:
        assert self._keeper.stdin is not None
        with contextlib.suppress(OSError):
            self._keeper.stdin.close()
