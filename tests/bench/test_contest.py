"""The rounds: everybody's turn, and what one contestant's trouble means for the others."""

from collections import Counter
from typing import Any

import pytest

from bench import contest as contesting
from bench.benthos_engine import NotBuilt
from bench.contest import contest
from bench.waiting import TooLong
from tests.bench.results import a_run

NAMES = ("relay", "benthos", "naive-httpx")


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Let nothing run: Benthos can't be built, the relay fails in its second round; counts the turns."""
    taken: Counter[str] = Counter()

    def one_run(_scene: object, name: str, **_sizes: object) -> dict[str, Any]:
        taken[name] += 1
        if name == "benthos":
            raise NotBuilt("Go is not installed")
        if (name, taken[name]) == ("relay", 2):
            raise TooLong("3 of 100 events did not come\nits log")
        return a_run()

    monkeypatch.setattr(contesting, "one_run", one_run)
    return taken


def test_a_round_that_fails_costs_only_itself(turns: Counter[str]) -> None:
    """The figures of the other rounds stay, the reason is kept without the log; who can't take part is asked once."""
    results = contest(None, NAMES, rounds=3, backlog=100, latency_seconds=0, said=lambda _: None)  # type: ignore[arg-type]  # nothing runs
    assert turns == {"relay": 3, "benthos": 1, "naive-httpx": 3}
    assert [len(results[name]["runs"]) for name in NAMES] == [2, 0, 3]
    assert results["relay"]["failures"] == ["3 of 100 events did not come"]
    assert results["benthos"]["skipped"] == "Go is not installed"
