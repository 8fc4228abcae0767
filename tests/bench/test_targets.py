"""What the page says of the targets: met, not met, not measured; never better than it was."""

from collections.abc import Mapping
from typing import Any

import pytest

from bench.targets import Verdict, verdicts
from tests.bench.results import a_run, results_of


def found(results: Mapping[str, Any], what: str) -> Verdict:
    """Return the verdict on the target whose words begin so."""
    (one,) = [one for one in verdicts(results) if one.what.startswith(what)]
    return one


def test_what_was_not_measured_is_not_met_and_not_missed() -> None:
    """An empty run claims nothing."""
    assert [(one.met, one.found) for one in verdicts({})] == [(None, "—")] * len(verdicts({}))


@pytest.mark.parametrize(("cpu", "met"), [(300.0, True), (360.0, True), (361.0, False)])
def test_the_cpu_is_held_against_benthos_in_the_same_run(cpu: float, met: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Level is met, a little more is not."""
    results = results_of(relay=[a_run(cpu_us=cpu)], benthos=[a_run(cpu_us=360.0)])
    assert found(results, "CPU per fetch").met is met


def test_of_two_advantages_the_smaller_counts() -> None:
    """Twenty times the fetches with a tenth of the CPU is ten times."""
    results = results_of(relay=[a_run()], naive_httpx=[a_run(per_second=200, cpu_us=3000.0)])
    verdict = found(results, "against FastStream")
    assert (verdict.found, verdict.met) == ("10.0 \N{MULTIPLICATION SIGN}", False)


def test_medians_are_compared() -> None:
    """One bad round of three changes nothing."""
    rounds = [a_run(per_second=value) for value in (4000, 100, 4100)]
    results = results_of(relay=rounds, benthos=[a_run(per_second=4000)])
    assert found(results, "fetches/s, one process").found == "1.00 \N{MULTIPLICATION SIGN} Benthos"


def test_the_providers_own_time_is_no_added_latency() -> None:
    """The median of the lone lookup is taken off."""
    assert found(results_of(relay=[a_run()]), "added latency at 50/s, median").found == "8.9 ms"


@pytest.mark.parametrize(("seconds", "yardstick", "met"), [(10.0, 8868, True), (10.0, 9000, False), (19.9, 4434, True)])
def test_the_restore_is_held_against_the_machine(seconds: float, yardstick: int, met: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Half as fast a machine may take twice as long."""
    restore = [{"messages": 1_000_000, "restore_seconds": seconds}]
    results = {"alone": {"restore": restore, "yardstick": [{"per_second": yardstick}]}}
    assert found(results, "restore").met is met


def test_the_scaling_is_told_with_the_cores_that_were_free() -> None:
    """Two processes on cores that one keeps busy prove nothing."""
    results = results_of(relay=[a_run()], relay_cores=[a_run(per_second=6000)])
    assert found(results, "fetches/s, a process").found.endswith("one process; with one, 1.9 of 2 cores are busy")
