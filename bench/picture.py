"""Bars as SVG, without scripts or fonts from elsewhere: one panel for each figure, a whisker from least to greatest."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import Spread, number

WIDTH, LABEL, VALUE, ROW, HEAD = 860, 190, 120, 30, 44
STYLE = """text { font: 13px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2a30 }
.head { font-weight: 600; font-size: 14px }
.ours { fill: #1f7a6b }
.others { fill: #9fb3bb }
.whisker { stroke: #1f2a30; stroke-width: 1.4 }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One contestant's figure."""

    label: str
    value: Spread
    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars that can be compared."""

    title: str
    bars: Sequence[Bar]
    digits: int = 0


def picture(title: str, panels: Sequence[Panel]) -> str:
    """Draw the panels below each other."""
    parts: list[str] = []
    top = 10
    for panel in panels:
        parts += [f'<text class="head" x="20" y="{top + 22}">{escape(panel.title)}</text>', *_bars(panel, top + HEAD)]
        top += HEAD + ROW * len(panel.bars)
    size = f'viewBox="0 0 {WIDTH} {top + 10}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title">',
        f'<title id="title">{escape(title)}</title>',
        f"<style>\n{STYLE}\n</style>",
        f'<rect width="{WIDTH}" height="{top + 10}" rx="10" fill="#f7f9fa"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bars(panel: Panel, top: int) -> list[str]:
    scale = (WIDTH - LABEL - VALUE - 20) / max((bar.value.high for bar in panel.bars), default=1)
    drawn: list[str] = []
    for place, bar in enumerate(panel.bars):
        y = top + place * ROW
        middle, low, high = (LABEL + scale * value for value in (bar.value.median, bar.value.low, bar.value.high))
        box = f'x="{LABEL}" y="{y}" width="{middle - LABEL:.1f}" height="20"'
        drawn += [
            f'<text x="20" y="{y + 15}">{escape(bar.label)}</text>',
            f'<rect class="{"ours" if bar.ours else "others"}" {box} rx="2"/>',
            f'<path class="whisker" d="M{low:.1f} {y + 10}H{high:.1f}"/>',
            f'<text x="{max(middle, high) + 8:.1f}" y="{y + 15}">{number(bar.value.median, panel.digits)}</text>',
        ]
    return drawn
