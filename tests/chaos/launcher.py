"""Runs the relay with failpoints, a wall clock that can be moved and a retention of its own, for tests only.

`python -m tests.chaos.launcher run --config …`. CLOCK names a file that says by how many seconds the clock is wrong.
RETENTION_SECONDS is how long finished messages are remembered.
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from relay import clock
from relay.commands import main
from relay.core.rules import Rules
from relay.lookups import account, door, log, tickets
from relay.slot import places
from tests.slot import failpoints

READERS = (account, clock, door, log, tickets)  # the modules that ask what time it is


def install() -> None:
    """Put everything into the relay's seams."""
    failpoints.install()
    if "CLOCK" in os.environ:
        move_clocks(Path(os.environ["CLOCK"]))
    places.HANGING_SECONDS = float(os.environ.get("HANGING_SECONDS", places.HANGING_SECONDS))
    if "RETENTION_SECONDS" in os.environ:
        keep_finished(float(os.environ["RETENTION_SECONDS"]))


def keep_finished(seconds: float) -> None:
    """Let finished messages be forgotten after so long."""
    defaults = Rules.__init__.__kwdefaults__
    assert defaults is not None
    defaults["retention_seconds"] = seconds


def move_clocks(file: Path) -> None:
    """Let every reading of the wall clock be wrong by what the file says; the monotonic one stays right."""
    right = time.time

    def wrong_by() -> float:
        return float(file.read_text())

    setattr(time, "time", lambda: right() + wrong_by())  # noqa: B010 - the seam: a name of the module
    for module in READERS:
        setattr(module, "datetime", _moved(right, wrong_by))  # noqa: B010 - as above


def _moved(right: Callable[[], float], wrong_by: Callable[[], float]) -> type[datetime]:
    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # what it returns isn't moved
            return datetime.fromtimestamp(right(), UTC).astimezone(tz) + timedelta(seconds=wrong_by())

    return Moved


def set_clock(file: Path, seconds: float) -> None:
    """Say by how much the clock is wrong from now on."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(file)


if __name__ == "__main__":
    install()
    main(sys.argv[1:])
