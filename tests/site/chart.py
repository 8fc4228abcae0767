"""Draws the one kind of Mermaid diagram that the pages have, a line over an axis: Mermaid itself would be fetched."""

import json
import re
from collections.abc import Iterator, Sequence
from html import escape

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 40, 36
TICKS = 5
LABELS = 12


class NotDrawable(Exception):  # noqa: N818 - it says what the diagram is
    """A diagram of another kind, or with something in it that is not drawn; the message says what."""


def drawn(source: str) -> str:
    """Return the SVG of a Mermaid `xychart-beta` with a title, an x-axis of values and one line.

    Raises NotDrawable.
    """
    kind, *lines = [line.strip() for line in source.strip().splitlines()]
    if kind != "xychart-beta":
        raise NotDrawable(f"{kind}: only xychart-beta is drawn")
    found = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}
    if set(found) != {"title", "x-axis", "line"} or len(lines) != len(found):
        raise NotDrawable(f"{', '.join(found)}: a title, an x-axis and one line are drawn")
    title = escape(found["title"].strip('"'))
    xs, ys = _list(found["x-axis"]), _list(found["line"])
    if len(xs) != len(ys) or len(xs) < 2:
        raise NotDrawable(f"{len(xs)} places and {len(ys)} values")
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" fill="currentColor" '
        f'font-size="12" text-anchor="middle"><text x="{WIDTH / 2}" y="20" font-size="14">{title}</text>'
        f"{''.join(_axes(xs, ys))}{_line(ys)}</svg></figure>"
    )


def _list(text: str) -> list[float]:
    if not re.fullmatch(r"\[[\d., -]+\]", text):
        raise NotDrawable(f"{text[:40]}: only lists of numbers are drawn")
    return [float(value) for value in json.loads(text)]


def _top(ys: Sequence[float]) -> float:
    """Return the upper end of an axis that begins at 0."""
    return max(*ys, 1) * 1.1


def _x(number: int, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * number / (count - 1), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 1)


def _axes(xs: Sequence[float], ys: Sequence[float]) -> Iterator[str]:
    top = _top(ys)
    for tick in range(TICKS + 1):
        value = top * tick / TICKS
        y = _y(value, top)
        yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="currentColor" opacity="0.2"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.3g}</text>'
    step = -(-len(xs) // LABELS)
    for number in range(0, len(xs), step):
        yield f'<text x="{_x(number, len(xs))}" y="{HEIGHT - BOTTOM + 18}">{xs[number]:g}</text>'


def _line(ys: Sequence[float]) -> str:
    top = _top(ys)
    points = " ".join(f"{_x(number, len(ys))},{_y(value, top)}" for number, value in enumerate(ys))
    return f'<polyline points="{points}" fill="none" stroke="#1f9a86" stroke-width="2.5"/>'
