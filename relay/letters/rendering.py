"""Dead letters for people: a table of them, one in full, and what a redrive would do. Escapes what others wrote."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from relay.contracts.dead_letter import DeadLetter, restore
from relay.contracts.instants import format_instant
from relay.letters.choosing import Page
from relay.letters.hexdump import hexdump
from relay.letters.planning import Planned, Verdict
from relay.letters.stored import Stored
from relay.printable import printable

MOST_SHOWN = 100
_LAST_MILLISECONDS = 253_402_300_799_000


def page_view(page: Page, redriven: Collection[str] | None, *, wide: bool) -> RenderableType:
    """Lay a page of letters out, one line each or, where there is no room for that, several.

    `redriven` None: it is not known which were.
    """
    rows = [_cells(letter, redriven) for letter in page.letters]
    if not wide:
        return Group(*(Text.assemble(*_apart(row[:3]), "\n  ", *_apart(row[3:])) for row in rows))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("id", "refused at", "code", "from", "account", "redriven", "message"):
        table.add_column(heading, no_wrap=heading in ("id", "refused at"))
    for row in rows:
        table.add_row(*row)
    return table


def page_end(page: Page) -> str:
    """Say how the list goes on, and how many of each code there are in all that is left of it."""
    return f"{page.more} older ones follow: --after {page.letters[-1].letter_id}; with these: {_counted(page.codes)}"


def page_of_none(letters: Iterable[Stored]) -> str:
    """Say that nothing is as it was wanted, and what there is: a filter may be misspelt."""
    codes = Counter(letter.code for letter in letters)
    return f"no such dead letters; there are {_counted(codes)}" if codes else "no dead letters"


def _counted(codes: Counter[str]) -> str:
    return ", ".join(f"{count} {printable(code)}" for code, count in codes.most_common())


def _cells(letter: Stored, redriven: Collection[str] | None) -> list[Text]:
    known = "?" if redriven is None else "redriven" if letter.letter_id in redriven else "-"
    return [
        Text(letter.letter_id, "bold"),
        Text(format_instant(letter.failed_at), "dim"),
        Text(printable(letter.code), "red"),
        Text(printable(letter.came_from)),
        Text(printable(letter.account or "-")),
        Text(known, "green"),
        Text(printable(letter.message)),
    ]


def _apart(cells: Sequence[Text]) -> Iterator[Text]:
    for cell in cells:
        yield cell
        yield Text("  ")


def letter_view(letter: DeadLetter, redriven: bool | None) -> RenderableType:  # noqa: FBT001 - one of the facts shown
    """Lay a whole letter out; a payload that is no text as numbers."""
    key, value, headers = restore(letter)
    source = letter.source
    facts = Table.grid(padding=(0, 2))
    for name, text in (
        ("dead letter", letter.dead_letter_id),
        ("refused at", format_instant(letter.failed_at)),
        ("why", f"{letter.reason.code}: {letter.reason.message}"),
        ("record", f"{source.topic}[{source.partition}]@{source.offset}"),
        ("written at", _instant(source.timestamp)),
        ("key", _short(key)),
        *((f"header {name}", _short(text)) for name, text in headers),
        ("redriven", {None: "not known", True: "yes", False: "no"}[redriven]),
        ("payload", "none: a tombstone" if value is None else f"{len(value)} bytes"),
    ):
        facts.add_row(Text(printable(name), "dim"), Text(printable(text)))
    return Group(facts, *map(Text, _payload(value)))


def plan_view(plan: Sequence[Planned]) -> RenderableType:
    """Lay out what a redrive does, letter by letter; of very many only the first."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    for each in plan[:MOST_SHOWN]:
        letter = each.letter
        if each.verdict is Verdict.WRITE:
            said = Text(f"{printable(letter.source.topic)}[{each.partition}]", "green")
            note = "would be accepted" if letter.refusal is None else f"would be refused again: {letter.refusal}"
        else:
            said, note = Text(f"no: {each.verdict.value}", "yellow"), each.why or ""
        table.add_row(
            Text(letter.letter_id, "bold"), Text(printable(letter.came_from), "dim"), "->", said, Text(printable(note))
        )
    more = len(plan) - MOST_SHOWN
    return Group(table, Text(f"and {more} more: --json has them all")) if more > 0 else table


def summary(plan: Sequence[Planned], written: int | None) -> str:
    """Count what was written, or (None) would be, what of it would come back, and what is left alone."""
    counts = Counter(each.verdict for each in plan)
    left = [f"{counts[each]} {each.value}" for each in Verdict if each is not Verdict.WRITE and counts[each]]
    said = f"{counts[Verdict.WRITE]} would be written" if written is None else f"{written} written"
    said += _coming_back(plan, avoidable=written is None)
    return f"{said}; left alone: {', '.join(left)}" if left else said


def _coming_back(plan: Sequence[Planned], *, avoidable: bool) -> str:
    """Count by their codes those to write that would be refused again; a plan can still leave them out."""
    refusals = [each.letter.refusal for each in plan if each.verdict is Verdict.WRITE and each.letter.refusal]
    if not refusals:
        return ""
    codes = Counter(refusal.partition(":")[0] for refusal in refusals)
    advice = "; --only-acceptable leaves them out" if avoidable else ""
    return f", of which {len(refusals)} would be refused again: {_counted(codes)}{advice}"


def _payload(value: bytes | None) -> Iterator[str]:
    if not value:
        return
    try:
        lines = value.decode().split("\n")
    except UnicodeDecodeError:
        yield from hexdump(value)
        return
    yield from map(printable, lines)


def _short(raw: bytes | None) -> str:
    if raw is None:
        return "none"
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"0x{raw.hex()}"


def _instant(timestamp: int | None) -> str:
    if timestamp is None or not 0 <= timestamp <= _LAST_MILLISECONDS:
        return "not known"
    return format_instant(datetime.fromtimestamp(timestamp / 1000, UTC))
