"""Takes the words of `--since`: how long ago, or an instant; gives the instant."""

import re
from datetime import datetime, timedelta

_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WORDS = "must be how long ago, such as 90s, 15m, 1h or 2d, or an instant with offset, such as 2026-11-22T08:00:00Z"


def since(text: str, now: datetime) -> datetime:
    """Return the instant that is meant, aware.

    Raises:
        ValueError: it is neither; the message says what to write.

    """
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(_WORDS) from None
    if instant.tzinfo is None:
        raise ValueError(_WORDS)
    return instant
