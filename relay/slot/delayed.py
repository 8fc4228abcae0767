"""Which slots wait because a turn with their dead letters could not be committed: told in the log, and to /ready."""

from collections.abc import Collection, Iterable

import structlog

from relay.observe.lines import Line
from relay.slot.turn import Turn

log = structlog.get_logger("relay.slot")


class DelayedLetters:
    """The slots of a process whose dead letters wait; each is tried again until Kafka takes them."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self._partitions: set[int] = set()

    def failed(self, turns: Iterable[Turn], error: Exception) -> None:
        """Note that a transaction with these turns failed."""
        waiting = {turn.slot.partition for turn in turns if turn.letters}
        if waiting:
            self._partitions |= waiting
            detail = str(error.__cause__ or "")
            log.error(Line.DEAD_LETTERS_DELAYED, source="slots", topic=self.topic, why=str(error), detail=detail)

    def written(self, turns: Iterable[Turn]) -> None:
        """Note that a transaction with these turns was committed."""
        if self._partitions:
            self._partitions -= {turn.slot.partition for turn in turns}

    def wait_in(self, partitions: Collection[int]) -> bool:
        """Tell whether dead letters wait in one of the partitions."""
        return not self._partitions.isdisjoint(partitions)
