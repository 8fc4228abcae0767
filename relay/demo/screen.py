"""What the demo shows: steps, a live table on a terminal or a plain line now and then, and the summary."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from relay.demo.tally import TYPES, Counts, Delays, Verdict
from relay.kafka.embedded.progress import Progress, on_console

LINE_EVERY_SECONDS = 3.0
BAR_WIDTH = 36
SHOWN_FAULTS = 10
COLOURS = {"sent": "white", "delivered": "green", "seen": "cyan", "failed": "red", "pending": "yellow"}
INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be seen at one moment."""

    seconds: float
    planned: int
    counts: Counts
    lookups: int
    dead_letters: int


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

    def summary(self, scene: Scene, verdict: Verdict) -> None:
        """Show the last figures, that they add up, and the verdict."""
        self._console.print()
        self._console.print(Padding(figures(scene), INDENT, expand=False))
        self._console.print()
        self._line(Text(sum_line(scene.counts)))
        self._line(Text(sum_remark(scene.counts), "dim"))
        self._console.print()
        answer = ("no", "bold red") if verdict.faults else ("yes", "bold green")
        self._line(Text.assemble("Every status change the provider knew was published exactly once: ", answer))
        self._line(Text(f"{verdict.known} reported by the provider, {verdict.published} published", "dim"))
        for fault in verdict.faults[:SHOWN_FAULTS]:
            self._line(Text.assemble(("✗ ", "red"), fault))
        if len(verdict.faults) > SHOWN_FAULTS:
            self._line(Text(f"… and {len(verdict.faults) - SHOWN_FAULTS} more"))

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


def figures(scene: Scene) -> RenderableType:
    """Draw the two tables and the line under them."""
    counts = scene.counts
    foot = (
        f"{scene.seconds:.0f} s · {scene.lookups:,} lookups · {_many(scene.dead_letters, 'dead letter')}"
        f" · {counts.republished} republished"
    )
    return Group(_messages(scene), "", _changes(counts), "", Text(foot, "dim"))


def _messages(scene: Scene) -> Table:
    counts = scene.counts
    rows = {"sent": counts.messages, "delivered": counts.delivered, "failed": counts.failed, "pending": counts.pending}
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=12)
    table.add_column(justify="right", min_width=9)
    table.add_column()
    table.add_row(Text("messages", "bold"), "", "")
    for name, number in rows.items():
        bar = Bar(max(scene.planned, 1), 0, number, width=BAR_WIDTH, color=COLOURS[name])
        table.add_row(name, str(number), bar)
    return table


def _changes(counts: Counts) -> Table:
    table = Table.grid(padding=(0, 2))
    for column, width in (("status changes", 12), ("published", 9), ("median delay", 12), ("95th percentile", 15)):
        table.add_column(column, justify="left" if column == "status changes" else "right", min_width=width)
    table.add_row(*(Text(word, "bold") for word in ("events", "published", "median delay", "95th percentile")))
    for kind in TYPES:
        delays = counts.delays[kind]
        table.add_row(
            Text(kind, COLOURS[kind]), str(counts.events.get(kind, 0)), _seconds(delays.median), _seconds(delays.p95)
        )
    return table


def plain_line(scene: Scene) -> str:
    """Say in one line what the table says."""
    counts = scene.counts
    return (
        f"{scene.seconds:3.0f} s: sent {counts.messages}, delivered {counts.delivered},"
        f" seen {counts.events.get('seen', 0)}, failed {counts.failed}, pending {counts.pending},"
        f" dead letters {scene.dead_letters}, lookups {scene.lookups}, delay {_pair(counts.delays['delivered'])}"
    )


def sum_line(counts: Counts) -> str:
    """Say how the messages add up."""
    return f"{counts.messages} sent = {counts.delivered} delivered + {counts.failed} failed + {counts.pending} pending"


def sum_remark(counts: Counts) -> str:
    """Say which messages ended without a report."""
    return (
        f"{counts.given_up} of the failed: their time ran out without a report (the relay concluded it, the provider"
        " knows nothing); the pending one was asked about once (follow: false)"
    )


def _pair(delays: Delays) -> str:
    return f"{_seconds(delays.median)} (95 %: {_seconds(delays.p95)})"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
