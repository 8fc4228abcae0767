"""Counts the events of a log that grows long while it is looked at again and again."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

EVENT = re.compile(rb'"event":"([a-z_.]+)"')


@dataclass(slots=True, kw_only=True)
class Tail:
    """How often each event was logged; reads only what is new."""

    path: Path
    _offset: int = 0
    _counts: Counter[str] = field(default_factory=Counter)

    def count(self, event: str) -> int:
        """Return how many lines of an event there are by now."""
        with self.path.open("rb") as log:
            log.seek(self._offset)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        self._counts.update(name.decode() for name in EVENT.findall(whole))
        return self._counts[event]
