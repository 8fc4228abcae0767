"""Which lookups a fault strikes: how many, whose, when, at which rate; and which orders are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from relay.simulator.faults import Fault, FaultKind, Faults


def test_fault_for_the_next_lookups_is_used_up() -> None:
    """`times` counts the lookups struck, of any message."""
    faults = Faults(clock=lambda: 0.0, seed=0)
    faults.add(Fault(kind=FaultKind.HTML, times=2))
    assert [faults.take([name], "a") is not None for name in "abc"] == [True, True, False]
    assert len(faults) == 0


def test_fault_of_a_message_goes_before_the_general_one() -> None:
    """An earlier general fault gives way to the one that names the message."""
    faults = Faults(clock=lambda: 0.0, seed=0)
    general, own = Fault(kind=FaultKind.HTML), Fault(kind=FaultKind.HANG, message_id="m", times=1)
    faults.add(general, own)
    assert [faults.take(["order", "m"], "a") for _ in range(2)] == [own, general]


def test_fault_strikes_within_its_window_only() -> None:
    """The window opens and closes so many seconds after the order."""
    instants = [100.0]
    faults = Faults(clock=lambda: instants[0], seed=0)
    faults.add(Fault(kind=FaultKind.HTML, after_seconds=5, for_seconds=10))
    struck = []
    for instant in (104.9, 105.0, 114.9, 115.0):
        instants[0] = instant
        struck.append(faults.take(["m"], "a") is not None)
    assert struck == [False, True, True, False]


def test_fault_of_one_account_spares_the_others() -> None:
    """The account named is the only victim."""
    faults = Faults(clock=lambda: 0.0, seed=0)
    faults.add(Fault(kind=FaultKind.HTML, account="hyber/7"))
    assert faults.take(["m"], "hyber/1021") is None
    assert faults.take(["m"], "hyber/7") is not None


def test_rate_strikes_that_share_at_random() -> None:
    """A fault at a rate of a fifth strikes about a fifth, the same ones for the same seed."""

    def struck(seed: int) -> list[bool]:
        faults = Faults(clock=lambda: 0.0, seed=seed)
        faults.add(Fault(kind=FaultKind.HTML, rate=0.2))
        return [faults.take(["m"], "a") is not None for _ in range(1000)]

    assert 150 < sum(struck(0)) < 250
    assert struck(0) == struck(0)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kind": "status"}, "needs status"),
        ({"kind": "raw"}, "needs body"),
        ({"kind": "delay"}, "needs delay_seconds"),
        ({"kind": "explode"}, "kind"),
        ({"kind": "hang", "rate": 2}, "rate"),
        ({"kind": "hang", "headers": {"X": "a\r\nb"}}, "headers"),
        ({"kind": "hang", "unheard": 1}, "unheard"),
    ],
)
def test_impossible_faults_are_refused(options: dict[str, Any], named: str) -> None:
    """A fault that could not be performed is refused when it is made, with its field named."""
    with pytest.raises(ValidationError, match=named):
        Fault(**options)
