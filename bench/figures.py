"""Medians and spreads of what was measured. What was not measured is None, and shown as a dash."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

NONE = "—"
RATES = (50, 500)  # requests a second at which latency is measured
Run = Mapping[str, Any]
Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A median between the least and the greatest."""

    median: float
    low: float
    high: float

    def told(self, digits: int = 0) -> str:
        """Write it as `12 (11 to 14)`."""
        return f"{number(self.median, digits)} ({number(self.low, digits)} to {number(self.high, digits)})"


def spread(values: Iterable[float | None]) -> Spread | None:
    """Return the spread of what there is."""
    known = [value for value in values if value is not None]
    return Spread(median=median(known), low=min(known), high=max(known)) if known else None


def number(value: float | None, digits: int = 0) -> str:
    """Write a number for people."""
    return NONE if value is None else f"{value:,.{digits}f}"


def shown(value: Spread | None, digits: int = 0) -> str:
    """Write a spread, or a dash."""
    return NONE if value is None else value.told(digits)


def runs_of(results: Results, name: str) -> Sequence[Run]:
    """Return a contestant's runs."""
    runs: Sequence[Run] = results.get("contest", {}).get("contestants", {}).get(name, {}).get("runs", ())
    return runs


def measured(results: Results, name: str, value: str | Callable[[Run], float | None]) -> Spread | None:
    """Return the spread of a value over a contestant's runs."""
    return spread(run.get(value) if isinstance(value, str) else value(run) for run in runs_of(results, name))


def ratio(results: Results, name: str, other: str, key: str) -> float | None:
    """Return by how much a contestant's median is greater than another's."""
    one, two = measured(results, name, key), measured(results, other, key)
    return one.median / two.median if one and two and two.median else None


def delay(rate: int, key: str) -> Callable[[Run], float | None]:
    """Return what finds a delay at a rate in a run."""

    def found(run: Run) -> float | None:
        value: float | None = next((one[key] for one in run["delays"] if one["rate"] == rate), None)
        return value

    return found


def commits(run: Run) -> float:
    """Return a run's commits in a second."""
    return float(run["counted"].get("relay_commit_seconds_count", 0.0) / run["seconds"])


def alone(results: Results, part: str, key: str) -> Spread | None:
    """Return the spread of a value over the runs of a measurement of the relay alone."""
    return spread(run.get(key) for run in results.get("alone", {}).get(part, ()))
