"""Rate and concurrency: never more than the share, driven by a loop whose clock jumps from timer to timer."""

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from relay.lookups.pacing import NEWCOMER_SECONDS, Pace


class _Waiting(selectors.SelectSelector):
    """Never waits: the time that the loop would sleep goes by at once."""

    loop: "JumpingLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        self.loop.elapsed += timeout or 1e-7  # some time always goes by, as it does in life
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is the sum of what it would have slept."""

    def __init__(self) -> None:
        self.elapsed = 1000.0
        selector = _Waiting()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the seconds that went by."""
        return self.elapsed


def run(work: Coroutine[Any, Any, list[float]]) -> list[float]:
    """Run it on a loop of its own."""
    loop = JumpingLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


async def starts(pace: Pace, count: int) -> list[float]:
    """Return when so many turns came."""
    instants = []
    for _ in range(count):
        await pace.turn()
        instants.append(asyncio.get_running_loop().time())
    return instants


def no_second_has_more_than(rate: int, instants: list[float]) -> bool:
    """Tell whether no second, open at its end, has more than so many of the instants."""
    return all(last - first >= 1 - 1e-9 for first, last in zip(instants, instants[rate:], strict=False))


@pytest.mark.parametrize(("rate", "part"), [(1, 1.0), (3, 1.0), (50, 1.0), (200, 1.0), (200, 0.5), (200, 1 / 12)])
def test_no_second_has_more_than_the_rate(rate: float, part: float) -> None:
    """Never more than the share of the rate in any window of a second, and no less over the long run."""

    async def driven() -> list[float]:
        pace = Pace(rate_per_second=rate, concurrency=1, timeout_seconds=10.0)
        pace.share(part, 0.0)
        return await starts(pace, 300)

    instants = run(driven())
    assert no_second_has_more_than(math.ceil(rate * part - 1e-9), instants)
    assert len(instants) / (instants[-1] - instants[0]) >= rate * part * 0.95


@pytest.mark.parametrize("rate", [799, 1600, 5_000, 40_000])
def test_no_second_has_more_than_a_high_rate(rate: int) -> None:
    """The same where turns are taken by packs, and some of a pack are left over while nobody asks."""

    async def driven() -> list[float]:
        pace = Pace(rate_per_second=rate, concurrency=1, timeout_seconds=10.0)
        pace.share(1.0, 0.0)
        before = await starts(pace, rate // 3)
        await asyncio.sleep(0.3)
        return [*before, *await starts(pace, rate)]

    instants = run(driven())
    assert no_second_has_more_than(rate, instants)
    assert rate / (instants[-1] - instants[rate // 3]) >= rate * 0.95


@pytest.mark.parametrize("rate", [1600, 5_000, 40_000])
def test_what_two_kept_for_later_exceeds_no_second(rate: int) -> None:
    """One waits for a pack, another takes the next before it wakes, and both packs' rest is spent at once, later."""

    async def driven() -> list[float]:
        pace = Pace(rate_per_second=rate, concurrency=1, timeout_seconds=10.0)
        pace.share(1.0, 0.0)
        while pace.is_free:
            await pace.turn()
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0)
        asyncio.get_running_loop().elapsed += 0.01  # type: ignore[attr-defined]  # the jumping loop's
        if pace.is_free:
            await pace.turn()
        await waiting
        await asyncio.sleep(2.0)
        return await starts(pace, 2 * rate)

    assert no_second_has_more_than(rate, run(driven()))


@pytest.mark.parametrize(
    ("concurrency", "part", "expected"), [(100, 1.0, 100), (100, 0.25, 25), (100, 1 / 3, 33), (2, 0.1, 1), (9, 0.0, 0)]
)
def test_concurrency_is_shared(concurrency: int, part: float, expected: int) -> None:
    """A process has its part of the requests in flight: one at least if it owns anything, none otherwise."""

    async def shared() -> list[float]:
        pace = Pace(rate_per_second=10, concurrency=concurrency, timeout_seconds=10.0)
        pace.share(part, 0.0)
        return [pace.in_flight_limit(NEWCOMER_SECONDS)]

    assert run(shared()) == [expected]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        pytest.param([(0, 0.5), (5, 1.0)], {5: 8, 14.9: 8, 15: 16}, id="another is gone"),
        pytest.param([(0, 0.5), (5, 0.0), (6, 1.0)], {5.5: 0, 6: 8, 15.9: 8, 16: 16}, id="all is given anew"),
        pytest.param([(0, 0.5), (5, 0.0), (6, 0.5)], {6: 8}, id="as before"),
        pytest.param([(0, 0.5)], {0: 0, 0.9: 0, 1: 8}, id="a newcomer shares"),
        pytest.param([(0, 0.25), (0.5, 0.5)], {0.6: 0, 1: 4, 10.5: 8}, id="a newcomer is given more at once"),
        pytest.param([(0, 0.5), (0.5, 0.0), (0.7, 0.5)], {0.9: 0, 1: 8}, id="a newcomer is given the same anew"),
        pytest.param([(0, 0.5), (5, 0.0), (15.1, 0.5)], {16: 0, 16.1: 8}, id="a newcomer was there long ago"),
        pytest.param([(0, 1.0)], {0: 16}, id="a newcomer is alone"),
        pytest.param([(0, 0.0), (3, 0.5)], {3: 0, 4: 8}, id="a newcomer had to wait for partitions"),
        pytest.param([(0, 1.0), (5, 0.5)], {4: 16, 5: 8}, id="another comes"),
        pytest.param([(0, 0.5), (5, 1.0), (7, 0.75)], {7: 8, 16.9: 8, 17: 12}, id="another is gone, another comes"),
        pytest.param([(0, 1.0), (5, 0.5), (7, 1.0)], {7: 8, 17: 16}, id="another was there for a moment"),
    ],
)
def test_more_are_in_flight_only_when_those_of_others_have_ended(
    shares: list[tuple[float, float]], expected: dict[float, int]
) -> None:
    """Who takes over another's part waits as long as a provider may have a request, a newcomer for a moment."""

    async def limits() -> list[float]:
        pace = Pace(rate_per_second=10, concurrency=16, timeout_seconds=10.0)
        instants = sorted({at for at, _ in shares} | set(expected))
        parts, seen = dict(shares), []
        for instant in instants:
            if instant in parts:
                pace.share(parts[instant], float(instant))
            if instant in expected:
                seen.append(float(pace.in_flight_limit(instant)))
        return seen

    assert run(limits()) == [expected[instant] for instant in sorted(expected)]
