"""What a soak came to: samples of the process that was watched, and how they rise."""

import resource
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import StatisticsError, linear_regression
from typing import Self

from tests.chaos.checker import CLEAN, Verdict

WARM = 0.4  # of the time, after which the memory must be flat
REST_SECONDS = 60.0  # after a change of partitions; what is free is given back every half minute
MEGABYTE = 1_048_576
MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a process held at an instant, in seconds since the start.

    `slots`, `messages`: partitions, and messages that it remembered, None where it didn't say.
    """

    second: float
    resident_bytes: int
    open_files: int
    slots: int | None = None
    messages: int | None = None

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        return self.resident_bytes / MEGABYTE

    @classmethod
    def of(cls, process_id: int, second: float, **said: int | None) -> Self:
        """Read from the system what a process holds; `said`: what it says of itself."""
        of = Path(f"/proc/{process_id}")
        pages = int((of / "statm").read_text().split()[1])
        files = len(list((of / "fd").iterdir()))
        resident = pages * resource.getpagesize()
        return cls(second=round(second, 1), resident_bytes=resident, open_files=files, **said)


@dataclass(slots=True, kw_only=True)
class Soak:
    """What a soak came to."""

    command: str
    seed: int
    seconds: float = 0
    messages: int = 0
    calls: int = 0
    events: int = 0
    faults: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    verdict: Verdict = CLEAN
    samples: list[Sample] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was found by the checker."""
        return self.verdict == CLEAN and not self.complaints

    @property
    def warm(self) -> list[Sample]:
        """The samples after the warm-up."""
        return [sample for sample in self.samples if sample.second >= self.samples[-1].second * WARM]

    @property
    def at_rest(self) -> list[Sample]:
        """The smallest warm sample of each minute in which the process has had its usual partitions for a while.

        Takeovers bring states of others, and what is free is given back every half minute only.
        """
        warm = self.warm
        counted = Counter(sample.slots for sample in warm if sample.slots is not None)
        usual = {slots for slots, _ in counted.most_common(1)}
        rest = []
        resting_at = float("inf")
        for before, sample in zip([None, *self.samples], self.samples, strict=False):
            if sample.slots not in usual:
                resting_at = float("inf")
            elif before is None or before.slots not in usual:
                resting_at = sample.second + REST_SECONDS
            if sample.second >= max(resting_at, warm[0].second):
                rest.append(sample)
        minutes = groupby(rest, lambda sample: sample.second // MINUTE)
        return [min(samples, key=lambda sample: sample.resident_bytes) for _, samples in minutes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What memory follows: bytes for each message that is remembered, and megabytes an hour beside them: a leak."""

    bytes_per_message: float
    megabytes_per_hour: float


def growth(samples: Sequence[Sample]) -> Growth | None:
    """Return the plane through memory over messages and time; None where the samples don't tell one from the other."""
    told = [sample for sample in samples if sample.messages is not None]
    seconds, messages = [sample.second for sample in told], [float(sample.messages or 0) for sample in told]
    sizes = [float(sample.resident_bytes) for sample in told]
    try:
        by_time = linear_regression(_beside(seconds, messages), _beside(sizes, messages)).slope
        by_messages = linear_regression(_beside(messages, seconds), _beside(sizes, seconds)).slope
    except StatisticsError:
        return None
    return Growth(bytes_per_message=by_messages, megabytes_per_hour=by_time * 3600 / MEGABYTE)


def _beside(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return what a straight line over the others leaves of the values."""
    slope, intercept = linear_regression(others, values)
    return [value - slope * other - intercept for value, other in zip(values, others, strict=True)]


def slope_per_hour(samples: Sequence[Sample], read: Callable[[Sample], float]) -> float | None:
    """Return the slope of a straight line through the samples, for an hour; None through fewer than two."""
    if len(samples) < 2:
        return None
    return linear_regression([sample.second for sample in samples], [read(sample) for sample in samples]).slope * 3600
