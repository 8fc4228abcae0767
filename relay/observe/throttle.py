"""Keeps a library that repeats itself from burying the rest: without Kafka aiokafka writes 300 lines a second."""

import logging

SECONDS_APART = 30.0


class Throttle(logging.Filter):
    """Lets the same line of aiokafka pass once in a while; which line it is tells its text before it is filled in."""

    def __init__(self) -> None:
        super().__init__()
        self._passed_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is to be written."""
        if not record.name.startswith("aiokafka"):
            return True
        line = (record.name, str(record.msg))
        if record.created - self._passed_at.get(line, 0.0) < SECONDS_APART:
            return False
        self._passed_at[line] = record.created
        return True
