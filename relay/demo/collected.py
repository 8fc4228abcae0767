"""Counts the answers of a provider that hands each report out once: what came, what was cut off, what was found again.

Pure: takes what the simulator remembers and what the relay keeps in its state.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from relay.simulator.infobip_truth import HandedOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Answers with reports (`drains`) and reports, those `cut` off among them; gaps that the relay found and closed."""

    drains: int
    reports: int
    cut_drains: int
    cut_reports: int
    unread: int
    gaps: int
    reconciled: int

    @property
    def faults(self) -> tuple[str, ...]:
        """Say what is not as it should be in the end."""
        named = {
            f"reports never collected: {self.unread}": self.unread,
            "no answer was cut off": not self.cut_drains,
            f"gaps not reconciled: {self.gaps - self.reconciled}": self.gaps != self.reconciled,
            f"answers cut off: {self.cut_drains}, but gaps found: {self.gaps}": self.gaps < self.cut_drains,
        }
        return tuple(fault for fault, is_so in named.items() if is_so)


@dataclass(slots=True)
class Gaps:
    """The drains without an answer that the relay's state names, and those that it named once."""

    _found: set[str] = field(default_factory=set)
    _open: frozenset[str] = frozenset()

    def read(self, drain_ids: Iterable[str]) -> None:
        """Take the drains of the gaps in the account's newest state."""
        self._open = frozenset(drain_ids)
        self._found |= self._open

    def collected(self, handed_out: Iterable[HandedOut], unread: int) -> Collected:
        """Give the figures as they stand."""
        reports = tuple(handed_out)
        cut = [report for report in reports if report.cut]
        return Collected(
            drains=len({report.drain for report in reports}),
            reports=len(reports),
            cut_drains=len({report.drain for report in cut}),
            cut_reports=len(cut),
            unread=unread,
            gaps=len(self._found),
            reconciled=len(self._found - self._open),
        )
