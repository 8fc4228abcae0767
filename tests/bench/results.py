"""Results of a benchmark that never ran, for what reads them."""

from typing import Any


def a_run(**changed: Any) -> dict[str, Any]:
    """Return one run of a contestant."""
    delays = [{"rate": 50, "samples": 600, "median_ms": 9.0, "p99_ms": 30.0}]
    delays += [{"rate": 500, "samples": 6000, "median_ms": 12.0, "p99_ms": 40.0}]
    run = {
        "fetches": 1000,
        "seconds": 2.0,
        "per_second": 4000,
        "cpu_us": 300.0,
        "broker_cpu_us": 80.0,
        "upstream_cpu_us": 20.0,
        "peak_mb": 120.0,
        "busy_cores": 1.9,
        "counted": {"relay_commit_seconds_count": 100.0},
        "delays": delays,
    }
    return {**run, **changed}


def results_of(**contestants: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the results of a contest; underscores in names stand for hyphens."""
    found = {
        name.replace("_", "-"): {"title": name, "promises": "nothing", "runs": runs, "failures": []}
        for name, runs in contestants.items()
    }
    stamp = {"command": "python -m bench", "taken_at": "today", "machine": {"cores": "2"}, "versions": {"relay": "0"}}
    provider = {"server": "nginx", "capacity_per_second": 50_000, "answer_ms": 0.1}
    return {"contest": {"stamp": stamp, "rounds": 1, "backlog": 1000, "provider": provider, "contestants": found}}
