"""Keeps aiokafka from burying the rest: without Kafka it writes 300 lines a second, and errors that it mends itself."""

import logging

SECONDS_APART = 30.0
_FETCHER = "aiokafka.consumer.fetcher"


class Throttle(logging.Filter):
    """Lets the same line of aiokafka pass once in a while; which line it is tells its text before it is filled in.

    What its fetcher tries again, such as the first lookup of a partition that is new, is a warning. `threshold`: the
    least severe level that is written.
    """

    def __init__(self, threshold: int) -> None:
        super().__init__()
        self._threshold = threshold
        self._passed_at: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is to be written."""
        if not record.name.startswith("aiokafka"):
            return True
        if record.name == _FETCHER and isinstance(record.args, tuple) and any(map(_is_retriable, record.args)):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if record.levelno < self._threshold:
            return False
        line = (record.name, record.levelno, str(record.msg))
        if record.created - self._passed_at.get(line, 0.0) < SECONDS_APART:
            return False
        self._passed_at[line] = record.created
        return True


def _is_retriable(value: object) -> bool:
    """Tell whether it is a KafkaError that is worth another try."""
    return isinstance(value, Exception) and getattr(value, "retriable", False) is True
