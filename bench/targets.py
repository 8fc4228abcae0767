"""What was aimed at, and whether it was reached: ratios within one run where that is possible, else plain figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.figures import Results, alone, delay, measured, number, ratio

NAIVE_TIMES = 12.0
CORES_TIMES = 1.5
QUIET_PART = 0.6
MEDIAN_MS, P99_MS = 15.0, 50.0
PENDING_BYTES = 500
RESTORE_SECONDS, RESTORE_MESSAGES = 10.0, 1_000_000
YARDSTICK_PER_SECOND = 8_868
DRAINED_PER_SECOND = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One target: what was wanted, what was measured; `met` is None where it was not."""

    what: str
    wanted: str
    found: str
    met: bool | None


def verdicts(results: Results) -> list[Verdict]:
    """Judge all targets."""
    return [judge(results) for judge in JUDGES]


def _at_most(what: str, limit: float, value: float | None, unit: str, digits: int = 2) -> Verdict:
    met = None if value is None else value <= limit
    return Verdict(
        what=what, wanted=f"≤ {limit:g}{unit}", found=number(value, digits) + unit * (met is not None), met=met
    )


def _at_least(what: str, limit: float, value: float | None, unit: str, digits: int = 2) -> Verdict:
    met = None if value is None else value >= limit
    return Verdict(
        what=what, wanted=f"≥ {limit:g}{unit}", found=number(value, digits) + unit * (met is not None), met=met
    )


def _cpu(results: Results) -> Verdict:
    value = ratio(results, "relay", "benthos", "cpu_us")
    return _at_most("CPU per fetch, final on the first lookup, exactly once", 1.0, value, " × Benthos")


def _one_process(results: Results) -> Verdict:
    value = ratio(results, "relay", "benthos", "per_second")
    return _at_least("fetches/s, one process", 1.0, value, " × Benthos")


def _all_cores(results: Results) -> Verdict:
    """Compare as many processes as cores with one, and say how many cores that one left free."""
    value = ratio(results, "relay-cores", "relay", "per_second")
    verdict = _at_least(
        "fetches/s, a process for each core, where cores are free", CORES_TIMES, value, " × one process"
    )
    busy = measured(results, "relay", "busy_cores")
    cores = results.get("contest", {}).get("stamp", {}).get("machine", {}).get("cores")
    return (
        verdict
        if busy is None
        else replace(verdict, found=f"{verdict.found}; with one, {busy.median:.1f} of {cores} cores are busy")
    )


def _naive(results: Results) -> Verdict:
    """Compare both fetches/s and CPU per fetch with FastStream + httpx; the smaller advantage counts."""
    rate = ratio(results, "relay", "naive-httpx", "per_second")
    cpu = ratio(results, "naive-httpx", "relay", "cpu_us")
    value = None if rate is None or cpu is None else min(rate, cpu)
    return _at_least("against FastStream + httpx, fetches/s and CPU", NAIVE_TIMES, value, " ×", 1)


def _quiet(results: Results) -> Verdict:
    quiet, changing = alone(results, "polling", "quiet_us"), alone(results, "polling", "changing_us")
    value = quiet.median / changing.median if quiet and changing else None
    return _at_most("CPU of a lookup without news", QUIET_PART, value, " × of a changing one")


def _no_writes(results: Results) -> Verdict:
    writes = alone(results, "polling", "writes")
    return _at_most("Kafka writes of lookups without news", 0, writes.high if writes else None, "", 0)


def _added(key: str, limit: float) -> Callable[[Results], Verdict]:
    def judge(results: Results) -> Verdict:
        took = measured(results, "relay", delay(50, key))
        answer = results.get("contest", {}).get("provider", {}).get("answer_ms", 0.0)
        value = took.median - answer if took else None
        return _at_most(f"added latency at 50/s, {key.removesuffix('_ms')}", limit, value, " ms", 1)

    return judge


def _pending(results: Results) -> Verdict:
    value = alone(results, "memory", "bytes_each")
    return _at_most("resident memory of a pending message", PENDING_BYTES, value.high if value else None, " bytes", 0)


def _restore(results: Results) -> Verdict:
    """Judge the restore of a million as if this machine were the one on which the target was set."""
    seconds, yardstick = alone(results, "restore", "restore_seconds"), alone(results, "yardstick", "per_second")
    messages = alone(results, "restore", "messages")
    value = None
    if seconds and yardstick and messages:
        here = seconds.median * RESTORE_MESSAGES / messages.median
        value = here * yardstick.median / YARDSTICK_PER_SECOND
    return _at_most("restore of a million, in proportion to the loop without HTTP", RESTORE_SECONDS, value, " s", 1)


def _drained(results: Results) -> Verdict:
    value = alone(results, "drain", "reports_per_second")
    return _at_least(
        "read-once drain, reports/s published by one process",
        DRAINED_PER_SECOND,
        value.median if value else None,
        "",
        0,
    )


JUDGES: Sequence[Callable[[Results], Verdict]] = (
    _cpu,
    _one_process,
    _all_cores,
    _naive,
    _quiet,
    _no_writes,
    _added("median_ms", MEDIAN_MS),
    _added("p99_ms", P99_MS),
    _pending,
    _restore,
    _drained,
)
