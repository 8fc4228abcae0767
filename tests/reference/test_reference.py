"""The generated pages are fresh, and what they are generated from is whole."""

import re
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pytest

from relay.core.model import EventType, Outcome
from relay.lookups.gate import Closed
from relay.lookups.http import Failure
from relay.observe.lines import FIELDS, Line
from relay.observe.metrics import Metrics
from tests.reference.log_calls import LogCall, Unclear, log_calls
from tests.reference.logs_page import product_calls
from tests.reference.metrics_page import PROCESS, relay_metrics
from tests.reference.pages import PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_fresh(page: Path) -> None:
    """The page says what the code says."""
    assert page.read_text(encoding="utf-8") == PAGES[page](), "run `make docs`"


def test_every_field_that_is_logged_is_explained() -> None:
    """No field without a meaning, none that is logged nowhere, in the order of the alphabet."""
    logged = {name for call in product_calls() for name in call.fields}
    assert set(FIELDS) == logged
    assert list(FIELDS) == sorted(FIELDS)


def test_every_line_is_found_in_the_source_with_its_level() -> None:
    """The search for log calls misses no line; each meaning is a sentence."""
    assert {call.line for call in product_calls()} == {line.name for line in Line}
    assert all(line.meaning.endswith(".") for line in Line)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("relay_lookups_total", [*Outcome, *Failure]),
        ("relay_drains_total", [*Failure]),
        ("relay_account_paused", [*Closed]),
        ("relay_events_total", [*EventType]),
    ],
)
def test_the_words_of_a_label_stand_in_its_meaning(metric: str, words: Iterable[StrEnum]) -> None:
    """Who writes an alert finds there what to compare with."""
    (meaning,) = (one.meaning for one in relay_metrics() if one.name == metric)
    assert {word.value for word in words} <= set(re.findall(r"\w+", meaning))


def test_the_page_has_every_sample_that_a_process_exports() -> None:
    """Each metric of the registry stands on the page, the process's own included where the system tells them."""
    names = {name for one in relay_metrics() for name in one.names}
    for family in Metrics(version="").registry.collect():
        known = names if family.name.startswith("relay_") else PROCESS
        assert {sample.name for sample in family.samples} <= set(known)
    if sys.platform == "linux":
        text = Metrics(version="").render().decode()
        assert set(re.findall(r"^process_\w+", text, re.MULTILINE)) == set(PROCESS)


# The search for log calls

CALLS = """
def plain(): log.info(Line.A, x=1)
def chosen():
    say = log.info if True else log.debug
    say(Line.B, y=1)
def given(say): say(Line.C, **facts())
def facts(): return {"z": 1}
def caller(): given(log.error)
def failed():
    log.exception(Line.D)
    log.error(Line.D, exc_info=True, w=2)
"""


def found(source: str, folder: Path) -> list[LogCall]:
    """Return the log calls of a module with this source."""
    path = folder / "module.py"
    path.write_text(source)
    return log_calls([path], folder)


def test_log_calls_are_found_however_they_are_written(tmp_path: Path) -> None:
    """Directly, by a chosen or a given method, with fields from a function, with an exception."""
    calls = {(call.line, *sorted(call.levels), call.fields) for call in found(CALLS, tmp_path)}
    assert calls == {
        ("A", "info", ("x",)),
        ("B", "debug", "info", ("y",)),
        ("C", "error", ("z",)),
        ("D", "error", ("exception",)),
        ("D", "error", ("exception", "w")),
    }


@pytest.mark.parametrize(
    "call", ["tell(Line.A)", "log.info(Line.A, **other)", "log.info(Line.A, **facts())", "getattr(log, 'info')(Line.A)"]
)
def test_a_log_call_that_cannot_be_read_is_an_error(call: str, tmp_path: Path) -> None:
    """A page that leaves a call out would be a lie; the place is named."""
    source = f"def facts(): return dict(a=1)\ndef work():\n    {call}\n"
    with pytest.raises(Unclear, match=r"module\.py:3: "):
        found(source, tmp_path)
