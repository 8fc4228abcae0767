"""Writes docs/performance.md and its picture from the figures; what was not measured is said to be so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from typing import Any

from bench.figures import NONE, RATES, Results, Run, alone, commits, delay, measured, number, runs_of, shown
from bench.picture import Bar, Panel, picture
from bench.targets import verdicts

HERE = Path(__file__).parent
TEMPLATE = HERE / "performance.md.in"
PICTURE = "images/performance.svg"
ANSWERS = {True: "yes", False: "**no**", None: "not measured"}


def write(results: Results, path: Path) -> None:
    """Write the page, and the picture beside it."""
    panels = _panels(results)
    if panels:
        drawing = path.parent / PICTURE
        drawing.parent.mkdir(parents=True, exist_ok=True)
        drawing.write_text(picture("Fetches a second, CPU for each, latency", panels), encoding="utf-8")
    path.write_text(page(results), encoding="utf-8")


def page(results: Results) -> str:
    """Return the page's text."""
    contest: dict[str, Any] = results.get("contest", {})
    provider = contest.get("provider", {})
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        taken=_taken(results),
        targets=_targets(results),
        picture=f"![Fetches a second, CPU for each, latency]({PICTURE})\n" if _panels(results) else "",
        contest=_contest(results),
        skipped=_skipped(contest),
        backlog=number(contest.get("backlog")),
        rounds=contest.get("rounds", NONE),
        server=provider.get("server", NONE),
        capacity=number(provider.get("capacity_per_second")),
        answer_ms=number(provider.get("answer_ms"), 2),
        latency=_latency(results),
        alone=_alone(results),
        alone_notes=_alone_notes(results),
        shares=_shares(results),
    )


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _taken(results: Results) -> str:
    """Say with what each part was measured."""
    told = []
    for part in ("contest", "alone"):
        if stamp := results.get(part, {}).get("stamp"):
            machine = ", ".join(f"{key} {value}" for key, value in stamp["machine"].items())
            versions = ", ".join(f"{name} {version}" for name, version in stamp["versions"].items())
            told.append(f"`{stamp['command']}`, {stamp['taken_at']}: {machine}; {versions}.")
    return "\n\n".join(dict.fromkeys(told)) or "Nothing has been measured yet for this page."


def _targets(results: Results) -> str:
    rows = [[one.what, one.wanted, one.found, ANSWERS[one.met]] for one in verdicts(results)]
    return table(["", "target", "measured", "met"], rows)


def _contestants(results: Results) -> dict[str, Any]:
    found: dict[str, Any] = results.get("contest", {}).get("contestants", {})
    return {name: one for name, one in found.items() if one["runs"]}


def _contest(results: Results) -> str:
    keys = ("per_second", "cpu_us", "broker_cpu_us", "upstream_cpu_us", "peak_mb")
    rows = [
        [
            one["title"],
            one["promises"],
            *(shown(measured(results, name, key)) for key in keys),
            shown(measured(results, name, "busy_cores"), 1),
        ]
        for name, one in _contestants(results).items()
    ]
    heads = ["", "promises", "fetches/s", "CPU per fetch, µs", "broker, µs", "provider, µs", "memory, MB", "busy cores"]
    return table(heads, rows)


def _skipped(contest: dict[str, Any]) -> str:
    """Say who did not take part, and which rounds came to nothing."""
    all_of_them = list(contest.get("contestants", {}).values())
    told = [f"{one['title']} was skipped: {one['skipped']}." for one in all_of_them if "skipped" in one]
    told += [f"{one['title']} failed in a round: {why}." for one in all_of_them for why in one.get("failures", ())]
    return "".join(f"{line}\n\n" for line in told)


def _latency(results: Results) -> str:
    rows = []
    for name, one in _contestants(results).items():
        cells = [one["title"]]
        for rate in RATES:
            kept_up = all(delay(rate, "median_ms")(run) is not None for run in runs_of(results, name) if run["delays"])
            took = [shown(measured(results, name, delay(rate, key)), 1) for key in ("median_ms", "p99_ms")]
            cells += took if kept_up else ["not kept up"] * len(took)
        rows.append(cells)
    return table(["", *(f"{what} at {rate}/s" for rate in RATES for what in ("median", "p99"))], rows)


def _alone(results: Results) -> str:
    rows = [
        ["commits/s, one process, working off the backlog", shown(measured(results, "relay", commits), 1)],
        ["lookup without news, µs of CPU", shown(alone(results, "polling", "quiet_us"))],
        ["lookup with a status change, µs of CPU", shown(alone(results, "polling", "changing_us"))],
        ["records written to Kafka by lookups without news", shown(alone(results, "polling", "writes"))],
        *(
            [f"bytes of a pending message at {number(run['messages'])}", number(run["bytes_each"])]
            for run in results.get("alone", {}).get("memory", ())
        ),
        [f"{_restored(results)}: seconds to restore", shown(alone(results, "restore", "restore_seconds"), 1)],
        [f"{_restored(results)}: seconds from start to ready", shown(alone(results, "restore", "ready_seconds"), 1)],
        [f"{_restored(results)}: resident, all timers armed, MB", shown(alone(results, "restore", "resident_mb"))],
        ["loop without HTTP (transactions alone), records/s", shown(alone(results, "yardstick", "per_second"))],
        ["loop with HTTP, no contracts, no state machine, fetches/s", shown(alone(results, "bare", "per_second"))],
        ["read-once drain, reports/s", shown(alone(results, "drain", "reports_per_second"))],
        ["read-once drain, events/s", shown(alone(results, "drain", "events_per_second"))],
        ["read-once drain, µs of CPU a report", shown(alone(results, "drain", "cpu_us"))],
        ["read-once drain, memory, MB", shown(alone(results, "drain", "peak_mb"))],
    ]
    return table(["", "median (least to greatest)"], rows)


def _restored(results: Results) -> str:
    runs = results.get("alone", {}).get("restore") or [{}]
    return f"{number(runs[0].get('messages'))} pending"


def _alone_notes(results: Results) -> str:
    told = (HERE / "alone/notes.md.in").read_text(encoding="utf-8")
    failures = "".join(f"A round failed: {why}.\n\n" for why in results.get("alone", {}).get("failures", ()))
    return failures + told if "alone" in results else ""


def _shares(results: Results) -> str:
    shares: dict[str, Any] = results.get("alone", {}).get("shares", {})
    if not shares:
        return "Not measured."
    threads = table(["thread", "share of CPU"], [[name, f"{part:.0%}"] for name, part in shares["threads"].items()])
    parts = table(
        ["part", "share of the main thread"], [[name, f"{part:.0%}"] for name, part in shares["parts"].items()]
    )
    told = f"One process that works off {number(shares['fetches'])} requests"
    return f"{told}, looked at {number(shares['samples'])} times.\n\n{threads}\n\n{parts}"


def _panels(results: Results) -> list[Panel]:
    figures = (
        ("Fetches a second", "per_second", 0),
        ("CPU for each fetch, µs (less is better)", "cpu_us", 0),
        ("Latency at 50/s, median, ms (less is better)", delay(50, "median_ms"), 1),
    )
    panels = [Panel(title=title, digits=digits, bars=list(_bars(results, value))) for title, value, digits in figures]
    return [panel for panel in panels if panel.bars]


def _bars(results: Results, value: str | Callable[[Run], float | None]) -> Iterator[Bar]:
    for name, one in _contestants(results).items():
        if found := measured(results, name, value):
            yield Bar(label=one["title"], value=found, ours=name.startswith("relay"))
