"""Keeps aiokafka from burying the rest: without Kafka it writes 300 lines a second, and errors that it mends itself."""

import logging

SECONDS_APART = 30.0


class Throttle(logging.Filter):
    """Lets the same line of aiokafka pass once in a while; which line it is tells its text before it is filled in.

    What is tried again because of a Kafka error that passes, as each new partition's first lookup, is a warning.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is to be written."""
        if not record.name.startswith("aiokafka"):
            return True
        if record.levelno == logging.ERROR and isinstance(record.args, tuple) and any(map(_passes, record.args)):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        if record.levelno < logging.getLogger().level:
            return False
        line = (record.name, str(record.msg))
        if record.created - self._passed_at.get(line, 0.0) < SECONDS_APART:
            return False
        self._passed_at[line] = record.created
        return True


def _passes(value: object) -> bool:
    """Tell whether it is a KafkaError that is worth another try."""
    return isinstance(value, Exception) and getattr(value, "retriable", False) is True
