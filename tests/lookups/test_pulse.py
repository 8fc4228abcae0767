"""What a process asks after it stood still: nothing, until it has heard whether its work is still its own."""

import asyncio

from relay.lookups.http import HttpRequest
from relay.pulse import BEAT_SECONDS, DOUBT_SECONDS, STANDSTILL_SECONDS, Pulse, Steady
from tests.lookups.driven_account import FakeHttp
from tests.virtual_time import in_virtual_time

REQUEST = HttpRequest("/m-1")


class Frozen:
    """The loop's clock, and what it missed while the process was frozen."""

    def __init__(self) -> None:
        self.missed = 0.0

    def __call__(self) -> float:
        """Return the monotonic instant."""
        return asyncio.get_running_loop().time() + self.missed


@in_virtual_time
async def test_nothing_is_asked_right_after_a_standstill() -> None:
    """Neither by whoever runs before the next beat, nor by those who come after it; then all goes on."""
    clock, http = Frozen(), FakeHttp()
    pulse = Pulse(clock)
    steady = Steady(http, pulse)
    beating = asyncio.create_task(pulse.run())
    await asyncio.sleep(BEAT_SECONDS * 1.5)
    clock.missed += STANDSTILL_SECONDS * 3
    asked = [asyncio.ensure_future(steady.get(REQUEST)) for _ in range(2)]
    await asyncio.sleep(DOUBT_SECONDS * 0.9)
    asked.append(asyncio.ensure_future(steady.get(REQUEST)))
    await asyncio.sleep(0)
    assert http.paths == []
    await asyncio.gather(*asked)
    assert len(http.paths) == 3
    beating.cancel()


@in_virtual_time
async def test_a_process_that_lost_its_work_never_asks() -> None:
    """Who is told meanwhile that another has it cancels what waits."""
    clock, http = Frozen(), FakeHttp()
    steady = Steady(http, Pulse(clock))
    clock.missed += STANDSTILL_SECONDS * 3
    asked = asyncio.ensure_future(steady.get(REQUEST))
    await asyncio.sleep(DOUBT_SECONDS / 2)
    asked.cancel()
    await asyncio.sleep(DOUBT_SECONDS * 2)
    assert http.paths == []


@in_virtual_time
async def test_a_pulse_that_is_felt_holds_nothing_back() -> None:
    """An idle process beats all the same: however long nobody asked, the first request starts at once."""
    clock, http = Frozen(), FakeHttp()
    pulse = Pulse(clock)
    beating = asyncio.create_task(pulse.run())
    await asyncio.sleep(STANDSTILL_SECONDS * 10)
    before = clock()
    await Steady(http, pulse).get(REQUEST)
    assert clock() - before < BEAT_SECONDS
    beating.cancel()
