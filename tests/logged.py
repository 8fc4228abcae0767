"""Log lines in a buffer."""

import io
import json
from typing import Any, NoReturn

from relay.observe.logs import LogLevel, configure

LOCAL = "a local value"


def json_stream(level: LogLevel = "info") -> io.StringIO:
    """Log JSON into a buffer from now on."""
    stream = io.StringIO()
    configure("json", level, stream, cache=False)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Parse every line of a buffer as JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(why: str) -> NoReturn:
    """Raise, with a local variable that no line may show."""
    secret = LOCAL.upper().lower()
    raise ValueError(why if secret else "")
