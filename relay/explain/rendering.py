"""Explanations for people: a timeline or a few figures, and a closing sentence."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.explain.accounts import MOST_NAMED, AccountExplanation
from relay.explain.bulks import BulkExplanation
from relay.explain.entries import Entry, Kind, shown
from relay.explain.timeline import Explanation
from relay.printable import printable

MOST_LISTED = 10
COLOURS = {
    Kind.REQUEST: "white",
    Kind.DEAD_LETTER: "red",
    Kind.ACCEPTED: "white",
    Kind.FORWARDED: "white",
    Kind.WISH: "cyan",
    Kind.INTENT: "cyan",
    Kind.DRAIN: "cyan",
    Kind.RESPONSE: "cyan",
    Kind.EVENT: "green",
    Kind.STATE: "yellow",
    Kind.GAP: "bold red",
}


def message_view(explanation: Explanation) -> RenderableType:
    """Lay a message's timeline out, with the closing sentence."""
    accounts = {entry.account for entry in explanation.entries}
    heading = Text.assemble(
        ("message ", "dim"), (printable(explanation.asked), "bold"), (" in ", "dim"), _list(explanation.accounts)
    )
    timeline = _timeline(explanation.entries, several=len(accounts) > 1)
    left = explanation.left_unread
    unread = [Text(printable(left), "dim")] if left is not None else []
    return Group(heading, "", timeline, "", *unread, *_closing(explanation.summary))


def bulk_view(explanation: BulkExplanation) -> RenderableType:
    """Lay a bulk's timeline out, and under it its messages."""
    heading = Text.assemble(
        ("bulk ", "dim"), (printable(explanation.bulk_id), "bold"), (" in ", "dim"), _list(explanation.accounts)
    )
    accounts = {entry.account for entry in explanation.entries}
    timeline: list[RenderableType] = []
    if explanation.entries:
        timeline = ["", _timeline(explanation.entries, several=len(accounts) > 1)]
    messages = ["", *_messages(explanation)] if explanation.messages else []
    left = explanation.left_unread
    unread = [Text(printable(left), "dim")] if left is not None else []
    return Group(heading, *timeline, *messages, "", *unread, *_closing(explanation.summary))


def _messages(explanation: BulkExplanation) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text(name, "bold") for name in ("message_id", "outcome", "events")))
    for each in explanation.messages[:MOST_LISTED]:
        table.add_row(Text(printable(each.message_id)), each.outcome, ", ".join(each.events) or "-")
    more = len(explanation.messages) - MOST_LISTED
    return [table, Text(f"{more} more; --json names all")] if more > 0 else [table]


def account_view(explanation: AccountExplanation) -> RenderableType:
    """Lay an account's figures, drains and gaps out."""
    heading = Text.assemble(("account ", "dim"), (explanation.account, "bold"), f" at {explanation.provider}")
    ages = Table.grid(padding=(0, 2))
    ages.add_row(Text("pending since", "bold"), Text("messages", "bold"))
    for age, count in explanation.by_age.items():
        ages.add_row(age, Text(str(count), justify="right"))
    facts = [Text(f"{explanation.overdue} of them are past their expires_at")] if explanation.overdue else []
    facts += _oldest(explanation)
    timeline: list[RenderableType] = []
    if explanation.entries:
        timeline = ["", _timeline(explanation.entries, several=False)]
    return Group(heading, "", ages, *facts, *timeline, "", *_closing(explanation.summary))


def _oldest(explanation: AccountExplanation) -> list[Text]:
    lines = [
        f"{each.message_id if each.message_id is not None else f'extra_id {each.extra_id}'} waits since"
        f" {shown(each.since)}"
        for each in explanation.oldest[:MOST_LISTED]
    ]
    more = sum(explanation.by_age.values()) - len(lines)
    if more:
        lines.append(f"{more} younger ones; --json names up to {MOST_NAMED}")
    return [Text(printable(line)) for line in (["", "the oldest:", *lines] if lines else [])]


def _timeline(entries: Sequence[Entry], *, several: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    for entry in entries:
        cells = [Text(shown(entry.at) or "-"), Text(entry.kind.value, COLOURS[entry.kind])]
        if several:
            cells.append(Text(printable(entry.account or "?")))
        table.add_row(*cells, Text.assemble(entry.text, "  ", (printable(entry.found.where), "dim")))
    return table


def _closing(summary: Iterable[str]) -> list[Text]:
    return [Text(printable(sentence), "bold") for sentence in summary]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "no configured account"
