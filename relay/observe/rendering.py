"""Takes a log event as a dictionary, gives the text of its line; the steps are structlog processors.

The text moves no cursor, a JSON line is one line, and long numbers that others wrote are masked: they may be phones.
"""

import json
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

from relay.contracts.instants import format_instant
from relay.printable import printable

_NUMBER = re.compile(r"(\d{4})(\d{2,})(\d{2})")
_DEEPEST = 8

_lift_exception = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20))
_write_exception = structlog.processors.ExceptionRenderer()


def masked(value: object, depth: int = 0) -> object:
    """Mask runs of eight or more digits in all text of a value, as recipients are masked: 3809******11."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict) and depth < _DEEPEST:
        return {str(key): masked(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [masked(inner, depth + 1) for inner in value]
    text = value if isinstance(value, str) else repr(value)
    return _NUMBER.sub(lambda run: run[1] + "*" * len(run[2]) + run[3], text)


def mask_foreign(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask everything that another library logs, and drop what uvicorn adds for terminals."""
    event.pop("color_message", None)
    kept = {key: event[key] for key in ("_record", "_from_structlog", "exc_info") if key in event}
    cleaned = {key: masked(value) for key, value in event.items() if key not in kept}
    return {**cleaned, **kept}


def complete_foreign(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Complete an event that came through the standard library."""
    record = event.pop("_record")
    event.pop("_from_structlog")
    return complete(record.levelname.lower(), record.name, event)


def complete(level: str, logger_name: str, event: EventDict) -> EventDict:
    """Put time, level, event and logger first, and lift the fields of FastStream's `extra=`."""
    head = {
        "timestamp": _timestamp(time.time_ns() // 1_000_000),
        "level": level,
        "event": event.pop("event", ""),
        "logger": logger_name,
    }
    if "extra" not in event:
        return {**head, **event}
    extra = event.pop("extra")
    lifted = masked(extra) if isinstance(extra, dict) else None
    fields = {**lifted, **event} if isinstance(lifted, dict) else event
    return {**head, **{key: value for key, value in fields.items() if key not in head}}


@lru_cache(maxsize=1)  # many lines are written in one millisecond
def _timestamp(milliseconds: int) -> str:
    return format_instant(datetime.fromtimestamp(milliseconds / 1000, UTC))


def as_json(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Write the event as one line of ASCII JSON, its exception as structured data."""
    if "exc_info" in event:
        event = _lift_exception(logger, name, event)
    if "exception" in event:
        event["exception"] = masked(event["exception"])
    try:
        line = orjson.dumps(event, default=str).decode()
        return line if line.isascii() else json.dumps(orjson.loads(line), separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        # A NaN, a key that is no text, a value inside itself: the line is worth more than its types.
        return json.dumps(
            {str(key): value if isinstance(value, str) else repr(value) for key, value in event.items()},
            separators=(",", ":"),
        )


def all_as_json(head: EventDict, rows: Sequence[EventDict]) -> str | None:
    """Write lines that begin with the same fields, as `as_json` writes them; None if any of them takes more care."""
    try:
        begin = orjson.dumps(head)[:-1]
        text = b"".join([b"%b,%b\n" % (begin, orjson.dumps(row)[1:]) for row in rows]).decode()
    except TypeError:
        return None
    return text if text.isascii() else None


class ConsoleLines:
    """Writes events for people: aligned, in colours if the stream is a terminal."""

    def __init__(self, *, colors: bool) -> None:
        self._render = structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
        )

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """Write the event as one line, with an exception on indented lines below it."""
        event = _write_exception(logger, name, event)
        exception = event.pop("exception", None)
        clean: EventDict = {printable(str(key)): _clean(value) for key, value in event.items()}
        if exception is not None:
            # Indented, so that the text of an exception can't pass for a line of its own.
            clean["exception"] = "\n".join(f"    {printable(line)}" for line in str(masked(exception)).splitlines())
        return str(self._render(logger, name, clean))


def _clean(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return printable(value if isinstance(value, str) else repr(value))
