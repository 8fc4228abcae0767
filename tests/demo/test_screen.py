"""What the demo shows."""

import io

import pytest
from rich.console import Console

from relay.demo.balance import Balance
from relay.demo.collected import Collected
from relay.demo.figures import Scene
from relay.demo.screen import Screen
from relay.demo.tally import TYPES, Counts, Delays, Verdict

GOOD = Verdict(known=4, published=4, lost=0, twice=0, faults=())
BAD = Verdict(known=4, published=4, lost=1, twice=2, faults=tuple(f"m{number}: at fault" for number in range(12)))
COLLECTED = Collected(drains=7, reports=40, cut_drains=1, cut_reports=6, unread=0, gaps=1, reconciled=1)


def some_counts(messages: int, **events: int) -> Counts:
    """Build the figures of an account whose messages were all delivered but one."""
    delays = {kind: Delays(median=0.25 if kind in events else None, p95=None) for kind in TYPES}
    return Counts(
        messages=messages,
        unasked=5,
        delivered=messages - 1,
        failed=0,
        given_up=0,
        pending=1,
        events=events,
        delays=delays,
        republished=0,
    )


def a_scene(seconds: float = 12.0) -> Scene:
    """Build a moment of a demo with two accounts."""
    return Scene(
        seconds=seconds,
        planned=90,
        accounts={"hyber_main": some_counts(50, delivered=49, seen=31), "voice": some_counts(40, answered=39)},
        collected=COLLECTED,
        lookups=1234,
        dead_letters=1,
    )


def shown(verdict: Verdict) -> str:
    """Show the end of a demo on a console of 80 columns."""
    written = io.StringIO()
    balance = Balance(verdicts={"hyber_main": verdict, "voice": GOOD}, collected=COLLECTED, dead_letters=1)
    Screen(Console(file=written, width=80)).summary(a_scene(), balance)
    return written.getvalue()


def test_both_accounts_stand_side_by_side_and_are_compared() -> None:
    """Each has its figures, its sum and its line in the comparison; what one provider doesn't know is a dash."""
    lines = [" ".join(line.split()) for line in shown(GOOD).splitlines()]
    assert "seen 31 0.25 s - - - -" in lines
    assert "answered - - - 39 0.25 s -" in lines
    assert "reports 40 1 answer with 6 of them cut off on the way" in lines
    assert "gaps found 1 1 reconciled from the provider's log" in lines
    assert "voice: 40 sent = 39 delivered + 0 failed + 1 pending" in lines
    assert "voice 4 4 0 0" in lines
    assert "Every status change the providers knew was published exactly once: yes" in lines


def test_the_tables_fit_a_narrow_terminal() -> None:
    """No row of figures is wider than 80 columns; sentences may be wrapped by the terminal."""
    rows = [line for line in shown(GOOD).splitlines() if "  " in line.strip()]
    assert max(len(row.rstrip()) for row in rows) <= 80


def test_faults_are_told_and_the_rest_counted() -> None:
    """A demo that failed says no and names the first ten faults."""
    text = shown(BAD)
    assert "published exactly once: no" in text
    assert (text.count("at fault"), "… and 2 more" in text) == (10, True)
    assert "hyber_main 4 4 1 2" in [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize(("seconds", "lines"), [((0.0, 1.0, 2.9), 1), ((0.0, 3.0), 2)])
def test_without_a_terminal_a_line_comes_now_and_then(seconds: tuple[float, ...], lines: int) -> None:
    """A log is not filled with frames; each line adds both accounts up."""
    written = io.StringIO()
    screen = Screen(Console(file=written, width=80))
    for moment in seconds:
        screen.show(a_scene(moment))
    assert written.getvalue().count("\n") == lines
    assert "sent 90, delivered 88, failed 0, pending 2, seen 31, answered 39" in written.getvalue()
