"""The page of the figures: shows what was measured, says what was skipped, and is complete without any figures."""

from pathlib import Path
from xml.etree import ElementTree as ET

from bench.figures import Spread
from bench.page import page, write
from bench.picture import Bar, Panel, picture
from tests.bench.results import a_run, results_of
from tests.site.pages import read


def test_the_page_shows_the_median_and_the_spread() -> None:
    """Of three rounds the middle one, with the least and the greatest."""
    text = page(results_of(relay=[a_run(cpu_us=value) for value in (310.0, 290.0, 300.0)]))
    assert "| relay | nothing | 4,000 (4,000 to 4,000) | 300 (290 to 310) |" in text


def test_a_contestant_that_was_skipped_is_named() -> None:
    """Nobody is to think that it lost."""
    results = results_of(relay=[a_run()], benthos=[])
    results["contest"]["contestants"]["benthos"]["skipped"] = "Go is not installed"
    assert "benthos was skipped: Go is not installed." in page(results)


def test_a_round_that_failed_is_told() -> None:
    """A contestant that stops half way has no better figures for it."""
    results = results_of(relay=[a_run()])
    results["contest"]["contestants"]["relay"]["failures"] = ["5 of 100 events did not come"]
    assert "relay failed in a round: 5 of 100 events did not come." in page(results)


def test_a_rate_that_was_not_kept_up_is_no_latency() -> None:
    """Not even if one round did keep up."""
    slow = a_run(delays=[{"rate": rate, "samples": 0, "median_ms": None, "p99_ms": None} for rate in (50, 500)])
    assert "| relay | not kept up | not kept up | not kept up | not kept up |" in page(
        results_of(relay=[slow, a_run()])
    )


def test_without_figures_the_page_says_so() -> None:
    """It is part of the site before anything was measured."""
    text = page({})
    assert "Nothing has been measured yet" in text
    assert "images/performance.svg" not in read(text).links


def test_page_and_picture_are_written_together(tmp_path: Path) -> None:
    """The link leads to the picture."""
    write(results_of(relay=[a_run()]), tmp_path / "performance.md")
    assert (tmp_path / "images/performance.svg").exists()
    assert "images/performance.svg" in read((tmp_path / "performance.md").read_text()).links


def test_a_bar_is_as_long_as_its_figure() -> None:
    """Half the fetches, half the bar; and the whisker reaches from the least to the greatest."""
    bars = [
        Bar(label="<one>", value=Spread(median=100, low=90, high=100), ours=True),
        Bar(label="two", value=Spread(median=50, low=50, high=50), ours=False),
    ]
    drawn = ET.fromstring(picture("title", [Panel(title="panel", bars=bars)]))  # noqa: S314 - our own
    first, second = (
        float(box.attrib["width"]) for box in drawn.iter("{http://www.w3.org/2000/svg}rect") if "class" in box.attrib
    )
    assert abs(first - 2 * second) <= 0.1
