"""`python -m tests.chaos.pages chaos.json soak.json`: runs as docs/reliability.md shows them, in Markdown."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.chaos.figures import WRONG
from tests.chaos.soak import grown_words
from tests.chaos.soaked import MEGABYTE, MINUTE, Growth

HEADS = ("fault", "rounds", "sent", "events", "hostile", *WRONG, "complaints", "ended by itself", "settled within")

Figures = Mapping[str, Any]


def rounds_as_markdown(run: Figures) -> str:
    """Show a run of rounds: what it was, a table by fault, the busiest moments."""
    by_fault: dict[str, list[Figures]] = defaultdict(list)
    for played in run["rounds"]:
        by_fault[played["fault"]].append(played)
    rows = [_row(fault, rounds) for fault, rounds in sorted(by_fault.items())]
    slowest = max((seconds for played in run["rounds"] for seconds in played["ending_seconds"]), default=0)
    at_the_end = ", ".join(f"{len(run['at_the_end'][word])} {word}" for word in WRONG)
    most = ", ".join(f"{name} {count}" for name, count in sorted(run["most"].items()))
    what = (
        f"`{run['command']}` (seed {run['seed']}, {_brokers(run['brokers'])}), {run['started_at'][:10]}, "
        f"{run['seconds'] / MINUTE:.0f} minutes, {_versions(run)}:"
    )
    return "\n".join(
        [
            what,
            "",
            *_table(HEADS, [*rows, _row("**all**", run["rounds"])]),
            "",
            f"Everything once more at the end: {at_the_end}. Slowest end by SIGTERM: {slowest:.1f} s. Most: {most}.",
        ]
    )


def soak_as_markdown(soak: Figures) -> str:
    """Show a soak: what it was, and a chart of the memory with a line for the files."""
    minutes = {int(sample["second"] // MINUTE): sample for sample in reversed(soak["samples"])}
    kept = [minutes[minute] for minute in sorted(minutes)]
    sizes = [f"{sample['resident_bytes'] / MEGABYTE:.0f}" for sample in kept]
    files = [sample["open_files"] for sample in kept]
    wrong = ", ".join(f"{len(soak['verdict'][word])} {word}" for word in WRONG)
    what = (
        f"`{soak['command']}` (seed {soak['seed']}), {soak['seconds'] / MINUTE:.0f} minutes, {_versions(soak)}: "
        f"{soak['messages']:,} messages, {soak['calls']:,} calls, {soak['events']:,} events, "
        f"{len(soak['faults'])} faults; {wrong}; {len(soak['complaints'])} complaints."
    )
    memory, opened = soak["slopes"]["megabytes"], soak["slopes"]["open_files"]
    rest = soak["rest"]
    at_rest = (
        f"The least of each minute with its usual partitions: {rest['lowest']:.0f} to {rest['highest']:.0f} MB in "
        f"{rest['samples']} of them, {_rise(rest['megabytes'])} MB an hour."
        if rest["samples"]
        else "Never with its usual partitions for a minute."
    )
    return "\n".join(
        [
            what,
            "",
            "```mermaid",
            "xychart-beta",
            '    title "Resident memory of the process that is spared, MB, by minute"',
            f"    x-axis [{', '.join(map(str, sorted(minutes)))}]",
            f"    line [{', '.join(sizes)}]",
            "```",
            "",
            f"Open files: {min(files)} to {max(files)}.",
            f"After two fifths of the time: {_rise(memory)} MB and {_rise(opened)} files an hour.",
            at_rest,
            f"{grown_words(Growth(**soak['growth']) if soak['growth'] else None)}.",
        ]
    )


def _rise(slope: float | None) -> str:
    return "?" if slope is None else f"{slope:+.1f}"


def _row(name: str, rounds: Sequence[Figures]) -> list[str]:
    wrong = [sum(len(played["verdict"][word]) for played in rounds) for word in WRONG]
    told = [sum(len(played[word]) for played in rounds) for word in ("complaints", "ended")]
    sent = sum(played["messages"] + played["calls"] for played in rounds)
    events = sum(played["events"] for played in rounds)
    settled = max(played["settling_seconds"] for played in rounds)
    hostile = sum(played["hostile"] for played in rounds)
    return [
        name,
        str(len(rounds)),
        f"{sent:,}",
        f"{events:,}",
        f"{hostile:,}",
        *map(str, [*wrong, *told]),
        f"{settled:.0f} s",
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" + "|--:" * (len(heads) - 1) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _brokers(count: int) -> str:
    return "1 broker" if count == 1 else f"{count} brokers"


def _versions(run: Figures) -> str:
    return ", ".join(f"{name} {version}" for name, version in run["versions"].items())


def main(files: Annotated[list[Path], typer.Argument(help="What the runs wrote.")]) -> None:
    """Show runs as Markdown."""
    for file in files:
        figures = json.loads(file.read_text())
        typer.echo(rounds_as_markdown(figures) if "rounds" in figures else soak_as_markdown(figures))
        typer.echo()


if __name__ == "__main__":
    typer.run(main)
