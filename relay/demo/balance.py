"""What the demo ends with: the verdict on each account, and what else is not as it should be."""

from collections.abc import Mapping
from dataclasses import dataclass

from relay.demo.collected import Collected
from relay.demo.tally import Verdict

MALFORMED_RECORDS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The verdicts by account, what was collected of the reports that are handed out once, and the dead letters."""

    verdicts: Mapping[str, Verdict]
    collected: Collected
    dead_letters: int

    @property
    def faults(self) -> tuple[str, ...]:
        """Give one line for everything that differs from what was to come."""
        faults = [fault for verdict in self.verdicts.values() for fault in verdict.faults]
        faults.extend(self.collected.faults)
        if self.dead_letters != MALFORMED_RECORDS:
            faults.append(f"the malformed record gave {self.dead_letters} dead letters instead of {MALFORMED_RECORDS}")
        return tuple(faults)
