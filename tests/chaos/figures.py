"""Shows what a run came to: a line for each round, a table by fault, a file with all figures."""

import json
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from rich.table import Table

from relay.kafka.embedded.jars import KAFKA_VERSION
from tests.chaos.checker import CLEAN, Verdict
from tests.chaos.rounds import Round

WRONG = ("lost", "duplicated", "gaps", "disordered", "contradictory", "exceeded")

HEADS = (
    *("fault", "rounds", "messages", "calls", "events", "hostile"),
    *("lost", "twice", "gaps", "disordered", "contradictory", "over limits"),
    *("complaints", "ended by itself", "settled within"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A whole run: its settings, its rounds, and the verdict over everything at its end."""

    command: str
    seed: int
    brokers: int
    started_at: str
    seconds: float
    rounds: Sequence[Round]
    at_the_end: Verdict

    @property
    def clean(self) -> bool:
        """Whether nothing at all was found."""
        return self.at_the_end == CLEAN and all(played.clean for played in self.rounds)


def line(played: Round) -> str:
    """Tell of a round in one line."""
    wrong = ", ".join(f"{count} {name}" for name, count in played.verdict.counts.items() if count)
    told = "; ".join([wrong or "clean", *played.complaints, *(f"ended by itself: {end}" for end in played.ended)])
    return (
        f"{played.number:3} {played.fault:<44} {played.messages + played.calls:6} sent {played.events:6} events "
        f"{played.seconds:6.1f} s, settled in {played.settling_seconds:5.1f} s: {told}"
    )


def table(run: Run) -> Table:
    """Show the run by fault."""
    shown = Table(*HEADS)
    by_fault: dict[str, list[Round]] = defaultdict(list)
    for played in run.rounds:
        by_fault[played.fault].append(played)
    for fault, rounds in sorted(by_fault.items()):
        shown.add_row(fault, *_cells(rounds))
    shown.add_section()
    shown.add_row("all rounds", *_cells(run.rounds))
    wrong = [str(run.at_the_end.counts[name]) for name in WRONG]
    shown.add_row("everything, at the end", *[""] * 5, *wrong)
    return shown


def _cells(rounds: Sequence[Round]) -> Iterable[str]:
    wrong: Counter[str] = Counter()
    for played in rounds:
        wrong.update(played.verdict.counts)
    yield str(len(rounds))
    for name in ("messages", "calls", "events", "hostile"):
        yield str(sum(getattr(played, name) for played in rounds))
    yield from (str(wrong[name]) for name in WRONG)
    yield str(sum(len(played.complaints) for played in rounds))
    yield str(sum(len(played.ended) for played in rounds))
    yield f"{max((played.settling_seconds for played in rounds), default=0):.1f} s"


def as_json(run: Run) -> str:
    """Give all figures."""
    most: Counter[str] = Counter()
    for played in run.rounds:
        most |= Counter(played.most)
    figures: dict[str, Any] = {**asdict(run), "clean": run.clean, "most": dict(most), "versions": versions()}
    return json.dumps(figures, indent=2)


def versions() -> dict[str, str]:
    """Give what the run was made with."""
    packages = {name: version(name) for name in ("aiokafka", "faststream", "httptools")}
    return {"python": platform.python_version(), "kafka": KAFKA_VERSION, **packages}
