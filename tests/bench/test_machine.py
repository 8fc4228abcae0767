"""What the machine's host took away while something was measured."""

from typing import NamedTuple

import psutil
import pytest

from bench.machine import host_watched


class Times(NamedTuple):
    """As Linux tells them."""

    user: float
    idle: float
    steal: float
    guest: float


class Plain(NamedTuple):
    """As other systems do."""

    user: float
    idle: float


def test_the_share_of_the_host_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all the time that passed; a guest's is in the user's already."""
    looks = iter([Times(100.0, 50.0, 10.0, 5.0), Times(160.0, 70.0, 30.0, 5.0)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(looks))
    described: dict[str, str] = {}
    with host_watched(described):
        pass
    assert described == {"taken away by its host": "20%"}


def test_a_system_that_does_not_tell_has_a_quiet_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Linux tells."""
    looks = iter([Plain(1.0, 1.0), Plain(2.0, 2.0)])
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(looks))
    described: dict[str, str] = {}
    with host_watched(described):
        pass
    assert described == {"taken away by its host": "0%"}
