"""Shows how far a download is: a bar on a terminal, elsewhere a plain line every few seconds, always on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress as Bar

LINE_EVERY_SECONDS = 3.0


class Progress(Protocol):
    """Is told how many files of `what` are there; `total` is None while it is not known."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Note the count; called from the thread that asked for the files."""
        ...


@contextmanager
def on_console(console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """Show nothing until the first call, and leave the terminal clean however the block ends."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console, clock)
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task("", visible=False)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total, visible=True)


def _lines(console: Console, clock: Callable[[], float]) -> Progress:
    last_at: float | None = None

    def show(what: str, done: int, total: int | None) -> None:
        nonlocal last_at
        if last_at is not None and clock() - last_at < LINE_EVERY_SECONDS and done != total:
            return
        last_at = clock()
        console.print(f"{what}: {done} of {total} files" if total else what, highlight=False, markup=False)

    return show
