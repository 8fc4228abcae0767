"""Writes the page of the log lines from their declarations and from the calls that log them."""

from collections.abc import Sequence
from pathlib import Path

from relay.observe.lines import FIELDS, Line
from tests.reference.log_calls import LEVELS, LogCall, log_calls

ROOT = Path(__file__).parents[2]

HEAD = """\
# Log lines

Generated from [relay/observe/lines.py](../relay/observe/lines.py) and from the log calls in the source by `make docs`; not written by hand.

One JSON object a line, on standard error. Every line has `timestamp` (UTC, milliseconds), `level`, `event` and `logger`; `[logging] format = "console"` is for people, `level` says which are written. Lines hold ids, never a body, a credential or a whole phone number. Libraries log too, with their own texts under their own `logger`; what aiokafka's fetcher tries again by itself is a `warning`, whatever it calls it.

Alert on metrics, search in logs: `event` and the ids are for that, and `why` and `detail` are for people, not for rules. For one message's story ask `relay explain`.

| event | level | meaning | fields |
|---|---|---|---|
"""  # noqa: E501 - lines of Markdown

TAIL = """
A field in brackets is there in some cases only; the others always, with null where there is nothing to say.

## Fields

| field | meaning |
|---|---|
"""


def product_calls() -> list[LogCall]:
    """Return all log calls of the product."""
    return log_calls(sorted((ROOT / "relay").rglob("*.py")), ROOT)


def logs_page() -> str:
    """Return the page's text."""
    calls = product_calls()
    rows = "".join(_row(line, [call for call in calls if call.line == line.name]) for line in Line)
    fields = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in FIELDS.items())
    return f"{HEAD}{rows}{TAIL}{fields}"


def _row(line: Line, calls: Sequence[LogCall]) -> str:
    levels = sorted({level for call in calls for level in call.levels}, key=LEVELS.index)
    names = dict.fromkeys(name for call in calls for name in call.fields)
    fields = [f"`{name}`" if all(name in call.fields for call in calls) else f"(`{name}`)" for name in names]
    return f"| `{line.value}` | {', '.join(levels)} | {line.meaning} | {', '.join(fields)} |\n"
