"""What a soak says of the process that it watched."""

import json
import os
from pathlib import Path

import pytest

from tests.chaos.checker import Verdict
from tests.chaos.pages import soak_as_markdown
from tests.chaos.soak import as_json, told
from tests.chaos.soaked import MEGABYTE, Sample, Soak, growth, slope_per_hour


def grown(*megabytes: float) -> Soak:
    """Make a soak with a sample each minute."""
    samples = [
        Sample(second=minute * 60, resident_bytes=round(size * MEGABYTE), open_files=40, slots=2)
        for minute, size in enumerate(megabytes)
    ]
    return Soak(command="soak", seed=1, samples=samples)


def test_the_warm_up_is_no_growth() -> None:
    """What the first two fifths gain doesn't count; what comes after it does."""
    assert "after two fifths of the time: +0.0 MB, +0.0 files an hour" in told(grown(50, 90, 120, 120, 120, 120))
    leaking = grown(50, 90, *range(100, 105))
    assert slope_per_hour(leaking.warm, lambda sample: sample.megabytes) == pytest.approx(60)
    assert slope_per_hour(leaking.warm[:1], lambda sample: sample.megabytes) is None


def test_what_a_takeover_brings_is_told_apart() -> None:
    """A process that has others' partitions, or had them a moment ago, is not at rest; nor is one that is silent."""
    sizes = [(2, 50), (2, 90), (2, 100), (2, 100), (4, 180), (2, 150), (2, 101), (None, 180), (2, 140), (2, 102)]
    samples = [
        Sample(second=minute * 60, resident_bytes=size * MEGABYTE, open_files=40, slots=slots)
        for minute, (slots, size) in enumerate(sizes)
    ]
    soak = Soak(command="soak", seed=1, samples=samples)
    samples.append(Sample(second=9 * 60 + 30, resident_bytes=90 * MEGABYTE, open_files=40, slots=2))
    assert [sample.megabytes for sample in soak.at_rest] == [101, 90]


def test_each_minute_is_told_once() -> None:
    """By its first sample."""
    lines = told(grown(50, 60, 61)).splitlines()
    assert [line.split() for line in lines[1:4]] == [["0", "50.0", "40"], ["1", "60.0", "40"], ["2", "61.0", "40"]]


def test_anything_wrong_makes_a_soak_unclean() -> None:
    """As does a fault that could not be played out."""
    assert grown(1, 1, 1).clean
    assert not Soak(command="soak", seed=1, verdict=Verdict(lost=("m-1",))).clean
    assert not Soak(command="soak", seed=1, complaints=["broker: killed broke off"]).clean


def test_a_soak_is_shown_as_a_chart() -> None:
    """Of one figure for each minute."""
    page = soak_as_markdown(json.loads(as_json(grown(50, 90, 90, 90))))
    assert "    x-axis [0, 1, 2, 3]\n    line [50, 90, 90, 90]\n" in page
    assert page.endswith(
        "Open files: 40 to 40.\nAfter two fifths of the time: +0.0 MB and +0.0 files an hour.\n"
        "The least of each minute with its usual partitions: 90 to 90 MB in 2 of them, +0.0 MB an hour.\n"
        "Of these, memory can't be told apart from the number of messages that are remembered."
    )


def test_what_follows_the_messages_is_no_leak() -> None:
    """Memory that rises and falls with what is remembered is told apart from what rises beside it."""
    samples = [
        Sample(second=60 * n, resident_bytes=80_000_000 + 2_000 * count + 10_000 * n, open_files=1, messages=count)
        for n, count in enumerate([10_000, 30_000, 20_000, 50_000, 40_000])
    ]
    found = growth([*samples, Sample(second=400, resident_bytes=9, open_files=1)])
    assert found is not None
    assert found.bytes_per_message == pytest.approx(2_000)
    assert found.megabytes_per_hour * MEGABYTE == pytest.approx(10_000 * 60)
    assert growth(samples[:2]) is None


def test_a_process_is_sampled_as_the_system_counts() -> None:
    """A file that is opened is counted, memory that is taken, too."""
    before = Sample.of(os.getpid(), 0)
    with Path(os.devnull).open() as _:
        taken = bytearray(b"x" * 50 * MEGABYTE)
        after = Sample.of(os.getpid(), 1)
    assert after.open_files == before.open_files + 1
    assert after.resident_bytes - before.resident_bytes > len(taken) * 0.9
