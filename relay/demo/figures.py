"""Draws the demo's figures: what is to be seen at one moment, and how it ends. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.demo.balance import Balance
from relay.demo.collected import Collected
from relay.demo.staging import VOICE_ACCOUNT
from relay.demo.tally import TYPES, Counts

BAR_WIDTH = 36
COLOURS = {
    "sent": "white",
    "delivered": "green",
    "seen": "cyan",
    "answered": "cyan",
    "failed": "red",
    "pending": "yellow",
}
NOTHING = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is to be seen at one moment."""

    seconds: float
    planned: int
    accounts: Mapping[str, Counts]
    collected: Collected
    lookups: int
    dead_letters: int


def figures(scene: Scene) -> RenderableType:
    """Draw the tables and the line under them."""
    republished = sum(counts.republished for counts in scene.accounts.values())
    foot = (
        f"{scene.seconds:.0f} s · {scene.lookups:,} lookups · {_many(scene.dead_letters, 'dead letter')}"
        f" · {republished} republished"
    )
    return Group(_messages(scene), "", _changes(scene), "", _once_only(scene.collected), "", Text(foot, "dim"))


def _messages(scene: Scene) -> Table:
    table = _table("messages", *scene.accounts)
    for name in ("sent", "delivered", "failed", "pending"):
        numbers = [_outcomes(counts)[name] for counts in scene.accounts.values()]
        bar = Bar(max(scene.planned, 1), 0, sum(numbers), width=BAR_WIDTH, color=COLOURS[name])
        table.add_row(name, *map(str, numbers), bar)
    return table


def _outcomes(counts: Counts) -> dict[str, int]:
    return {"sent": counts.messages, "delivered": counts.delivered, "failed": counts.failed, "pending": counts.pending}


def _changes(scene: Scene) -> Table:
    headings = [heading for account in scene.accounts for heading in (account, "median", "95 %")]
    table = _table("events, delay", *headings)
    for kind in TYPES:
        cells = [cell for counts in scene.accounts.values() for cell in _change(counts, kind)]
        table.add_row(Text(kind, COLOURS[kind]), *cells)
    return table


def _change(counts: Counts, kind: str) -> Iterator[str]:
    delays = counts.delays[kind]
    yield str(counts.events.get(kind) or NOTHING)
    yield _seconds(delays.median)
    yield _seconds(delays.p95)


def _once_only(collected: Collected) -> Table:
    """Say what became of the reports that the provider hands out once and forgets."""
    cut = f"{_many(collected.cut_drains, 'answer')} with {collected.cut_reports} of them cut off on the way"
    table = _table("read once", VOICE_ACCOUNT)
    table.add_row("answers", str(collected.drains), Text("with reports", "dim"))
    table.add_row("reports", str(collected.reports), Text(cut if collected.cut_drains else "", "dim"))
    found = f"{collected.reconciled} reconciled from the provider's log" if collected.gaps else ""
    table.add_row("gaps found", str(collected.gaps), Text(found, "dim"))
    return table


def _table(*headings: str) -> Table:
    """Begin a table whose first column is words and whose others are numbers, with room for a remark at the end."""
    table = Table.grid(padding=(0, 2))
    for index, _ in enumerate(headings):
        table.add_column(justify="right" if index else "left", min_width=8 if index else 13)
    table.add_column()
    table.add_row(*(Text(heading, "bold") for heading in headings))
    return table


def compared(balance: Balance) -> Table:
    """Draw the comparison with what the providers knew."""
    table = _table("compared", "known", "published", "lost", "twice")
    for account, verdict in balance.verdicts.items():
        wrong = "red" if verdict.lost or verdict.twice else ""
        table.add_row(
            account, str(verdict.known), str(verdict.published), Text(str(verdict.lost), wrong), str(verdict.twice)
        )
    return table


def plain_line(scene: Scene) -> str:
    """Say in one line what the tables say."""
    every = list(scene.accounts.values())
    outcomes = ", ".join(f"{name} {sum(_outcomes(counts)[name] for counts in every)}" for name in _outcomes(every[0]))
    events = ", ".join(f"{kind} {sum(counts.events.get(kind, 0) for counts in every)}" for kind in ("seen", "answered"))
    gaps = f"gaps {scene.collected.gaps}, reconciled {scene.collected.reconciled}"
    delays = ", ".join(
        f"{name} {_seconds(counts.delays['delivered'].median)}" for name, counts in scene.accounts.items()
    )
    return (
        f"{scene.seconds:3.0f} s: {outcomes}, {events}, dead letters {scene.dead_letters}, lookups {scene.lookups},"
        f" {gaps}, delay {delays}"
    )


def sum_lines(accounts: Mapping[str, Counts]) -> Iterator[str]:
    """Say how the messages of each account add up."""
    for account, counts in accounts.items():
        outcomes = f"{counts.delivered} delivered + {counts.failed} failed + {counts.pending} pending"
        yield f"{account}: {counts.messages} sent = {outcomes}"


def sum_remarks(accounts: Mapping[str, Counts]) -> Iterator[str]:
    """Say which messages ended without a report, and which nobody asked about."""
    given_up = sum(counts.given_up for counts in accounts.values())
    unasked = sum(counts.unasked for counts in accounts.values())
    yield (
        f"{given_up} of the failed: their time ran out without a report (the relay concluded it, the provider"
        " knows nothing); the pending one was asked about once (follow: false)"
    )
    yield (
        f"{unasked} of the calls: nobody told the relay of them; it collected their reports with the others and"
        " published them all the same (request_id null)"
    )


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.2f} s"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
