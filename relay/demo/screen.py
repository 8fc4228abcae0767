"""What the demo shows: steps, a live table on a terminal or a plain line now and then, and the summary."""

import contextlib
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from relay.demo.balance import Balance
from relay.demo.figures import Scene, compared, figures, plain_line, sum_lines, sum_remarks
from relay.kafka.embedded.progress import Progress, on_console

LINE_EVERY_SECONDS = 3.0
SHOWN_FAULTS = 10
INDENT = (0, 0, 0, 2)


class Screen:
    """A console as the demo uses it; a context that leaves the terminal clean."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._line_at = -LINE_EVERY_SECONDS

    def title(self) -> None:
        """Say what this is."""
        self._console.print()
        self._line(Text("Delivery-report relay: the demo", "bold"))
        self._console.print()

    def step(self, what: str, detail: str) -> None:
        """Tick off something that is ready."""
        self._line(Text.assemble(("✓ ", "green"), f"{what:<20}", (detail, "dim")))

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[Progress]:
        """Show what is waited for while the block runs; the hook tells of a download."""
        if not self._console.is_terminal:
            with on_console() as hook:
                yield hook
            return
        with self._console.status(f"[dim]{what}[/dim]", spinner_style="dim") as status:
            yield lambda which, done, total: status.update(
                f"[dim]{which}: {done} of {total} files[/dim]" if total and done < total else f"[dim]{what}[/dim]"
            )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, scene: Scene) -> None:
        """Show the figures of this moment."""
        if self._live is not None:
            self._live.update(Group("", Padding(figures(scene), INDENT, expand=False)), refresh=True)
        elif scene.seconds - self._line_at >= LINE_EVERY_SECONDS:
            self._line_at = scene.seconds
            self._line(Text(plain_line(scene)))

    def summary(self, scene: Scene, balance: Balance) -> None:
        """Show the last figures, that they add up, and the verdict."""
        self._console.print()
        self._console.print(Padding(figures(scene), INDENT, expand=False))
        self._console.print()
        for line in sum_lines(scene.accounts):
            self._line(Text(line))
        for remark in sum_remarks(scene.accounts):
            self._line(Text(remark, "dim"))
        self._console.print()
        answer = ("no", "bold red") if balance.faults else ("yes", "bold green")
        self._line(Text.assemble("Every status change the providers knew was published exactly once: ", answer))
        self._console.print()
        self._console.print(Padding(compared(balance), INDENT, expand=False))
        for fault in balance.faults[:SHOWN_FAULTS]:
            self._line(Text.assemble(("✗ ", "red"), fault))
        if len(balance.faults) > SHOWN_FAULTS:
            self._line(Text(f"… and {len(balance.faults) - SHOWN_FAULTS} more"))

    def lines(self, heading: str, commands: Sequence[str]) -> None:
        """Show a heading and lines that are meant to be copied."""
        self._console.print()
        self._line(Text(heading, "bold"))
        for command in commands:
            self._line(Text(f"  {command}"))

    def note(self, text: str) -> None:
        """Show one sentence."""
        self._console.print()
        self._line(Text(text, "dim"))

    def _line(self, text: Text) -> None:
        """Show a line that the terminal may wrap, but that stays whole when it is copied."""
        self._console.print(Text("  ") + text, soft_wrap=True)
