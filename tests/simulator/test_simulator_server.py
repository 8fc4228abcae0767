"""The server as a whole: counters, truth, stopping, and running as a command."""

import asyncio
import os
import signal
import time

import aiohttp
import pytest

from relay.simulator import steps
from relay.simulator.faults import Fault, FaultKind
from relay.simulator.hyber import HyberSite
from relay.simulator.journal import AnsweredLookup, Journal
from relay.simulator.messages import Message
from relay.simulator.server import Simulator, serve


async def got(client: aiohttp.ClientSession, url: str) -> int:
    """Ask and give the status."""
    async with client.get(url) as response:
        await response.read()
        return response.status


async def until_in_flight(simulator: Simulator, count: int) -> None:
    """Wait until so many lookups are in flight, ten seconds at most."""
    async with asyncio.timeout(10):
        while simulator.stats().in_flight != count:  # noqa: ASYNC110 - the journal tells nobody when it changes
            await asyncio.sleep(0)


async def test_counters_tell_how_many_at_once_and_in_total(client: aiohttp.ClientSession) -> None:
    """Lookups in flight together are counted while they last, and the most is remembered."""
    async with Simulator() as simulator:
        simulator.faults.add(Fault(kind=FaultKind.HANG, times=3))
        url = f"{simulator.url}/1021/api/dr/m-1/simple"
        hung = [asyncio.create_task(got(client, url)) for _ in range(3)]
        await until_in_flight(simulator, 3)
        assert await got(client, url) == 404
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)
        await until_in_flight(simulator, 0)
        stats = simulator.stats()
        assert (stats.requests, stats.max_in_flight, stats.by_status) == (4, 4, {0: 3, 404: 1})


def test_most_per_second_is_taken_over_any_window_of_each_account() -> None:
    """The busiest second need not begin with a full second, and accounts do not add up."""
    journal = Journal(size=10)
    for at in (0.0, 0.8, 0.9, 1.0, 1.7, 1.8, 3.0):
        journal.arrived("a", at)
    journal.arrived("b", 0.9)
    assert journal.stats().max_per_second == {"a": 4, "b": 1}


def test_journal_keeps_the_newest_only() -> None:
    """A bounded journal forgets old lookups but goes on counting them."""
    journal = Journal(size=2)
    for number in range(3):
        journal.note(AnsweredLookup(time=number, path="/", status=200, message_id=None, account="a"))
    assert [lookup.time for lookup in journal.answered] == [1, 2]
    assert journal.stats().by_status == {200: 3}


async def test_journal_tells_time_path_status_and_message(client: aiohttp.ClientSession) -> None:
    """A lookup is remembered as it was asked and answered."""
    async with Simulator(clock=lambda: 2000.0) as simulator:
        await got(client, f"{simulator.url}/1021/api/dr/m-1/simple?x=1")
        assert simulator.lookups == [
            AnsweredLookup(
                time=2000.0, path="/1021/api/dr/m-1/simple", status=404, message_id="m-1", account="hyber/1021"
            )
        ]


def test_truth_is_known_before_anyone_asks() -> None:
    """The simulator tells the instants of a life cycle, also those to come, whether it runs or not."""
    simulator = Simulator(clock=lambda: 1000.0, speed=2)
    simulator.send(Message(message_id="m", steps=(steps.delivered(4, "viber"), steps.seen(60, "viber"))))
    assert simulator.knew_at("m") == {"delivered": 1002.0, "seen": 1030.0}
    assert simulator.truth()["m"].outcome == "delivered"
    with pytest.raises(KeyError):
        simulator.knew_at("unknown")


async def test_latency_delays_every_answer(client: aiohttp.ClientSession) -> None:
    """With a latency beyond the client's patience no lookup is answered."""
    async with Simulator(latency_seconds=30) as simulator:
        with pytest.raises(TimeoutError):
            await got(client, f"{simulator.url}/1021/api/dr/m-1/simple")


async def test_stopping_waits_for_no_hung_or_idle_connection() -> None:
    """Hung lookups and kept connections do not hold the simulator up."""
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth("login", "password")}
    ) as client:
        async with Simulator() as simulator:
            url = f"{simulator.url}/1021/api/dr/m-1/simple"
            assert await got(client, url) == 404
            simulator.faults.add(Fault(kind=FaultKind.HANG))
            hung = [asyncio.create_task(got(client, url)) for _ in range(5)]
            await until_in_flight(simulator, 5)
            started = time.monotonic()
        assert time.monotonic() - started < 2
        ended = await asyncio.gather(*hung, return_exceptions=True)
        assert all(isinstance(error, aiohttp.ClientError) for error in ended)


async def test_taken_address_is_an_error() -> None:
    """A second simulator on the same port does not start."""
    async with Simulator() as simulator:
        port = int(simulator.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await Simulator(port=port).__aenter__()


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_speed_must_be_above_zero(speed: float) -> None:
    """A life cycle that stands still or runs backwards is refused."""
    with pytest.raises(ValueError, match="speed"):
        Simulator(speed=speed)


def test_address_is_unknown_before_the_start() -> None:
    """Asking for the url too early is an error that says what to do."""
    with pytest.raises(RuntimeError, match="async with"):
        _ = Simulator().url


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_served_until_a_signal_comes(client: aiohttp.ClientSession, number: signal.Signals) -> None:
    """The command's simulator announces its url, answers any id, and ends cleanly on a signal."""
    announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(port=0, hyber=HyberSite(too_early_seconds=0), announce=announced.set_result))
    url = await asyncio.wait_for(announced, 10)
    assert await got(client, f"{url}/1021/api/dr/anything/advanced") == 200
    os.kill(os.getpid(), number)
    await asyncio.wait_for(serving, 10)
