"""Invented voice calls, and what other processes order and learn of calls."""

from collections import Counter
from typing import Any

import aiohttp
import pytest

from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.server import Simulator
from tests.simulator.calling import a_simulator, ids


def lives(count: int, seed: int = 0, **options: Any) -> Simulator:
    """Make a simulator with so many invented calls."""
    return a_simulator(*(VoiceCall(message_id=f"c-{number}", **options) for number in range(count)), seed=seed)


def test_invented_calls_are_a_realistic_mix() -> None:
    """Most are answered, some never, a few have no report at all; all end within two minutes at speed 1."""
    simulator = lives(2000)
    truths = simulator.call_truth().values()
    outcomes = Counter(truth.outcome for truth in truths)
    assert 1150 < outcomes["delivered"] < 1450
    assert 0 < outcomes["pending"] < 60
    assert all(max(truth.knew_at().values(), default=0) < 2120 for truth in truths)


def test_the_same_seed_invents_the_same_calls() -> None:
    """Another process with the same seed knows the same, another seed something else."""
    assert lives(50).call_truth() == lives(50).call_truth()
    assert lives(50).call_truth() != lives(50, seed=1).call_truth()


@pytest.mark.parametrize("end", CallEnd)
def test_an_end_can_be_asked_for(end: CallEnd) -> None:
    """A call without a script ends as it is told."""
    truth = lives(1, end=end).call_truth()["c-0"]
    assert (truth.answered_at is not None) is (end in {CallEnd.ANSWERED, CallEnd.MACHINE})
    assert truth.outcome == ("failed" if truth.answered_at is None else "delivered")


A_CALL: dict[str, Any] = {
    "message_id": "c-1",
    "bulk_id": "b-1",
    "sent_at": 1000,
    "price": 0.015,
    "endings": [
        {
            "after_seconds": 5,
            "status": {"group_id": 77, "group_name": "NEW", "id": 777, "name": "NEW_STATUS"},
            "error": {"group_id": 7, "group_name": "NEW", "id": 9999, "name": "NEW_ERROR", "permanent": False},
        }
    ],
}


async def test_calls_are_ordered_and_told_over_http(client: aiohttp.ClientSession) -> None:
    """Another process sends calls, with codes of its own too, and learns what was handed out and what is true."""
    async with a_simulator() as simulator:
        url = f"{simulator.url}/_simulator"
        order = {"calls": [A_CALL, {"message_id": "c-2", "sent_at": 990, "end": "busy"}]}
        async with client.post(f"{url}/calls", json=order) as response:
            assert (response.status, await response.json()) == (201, {"accepted": 2})
        assert await ids(client, simulator, "/tts/3/reports?limit=1") == ["c-2"]
        async with client.get(f"{url}/handed-out") as response:
            told = await response.json()
            assert (told["unread"], len(told["handed_out"])) == (1, 1)
        async with client.get(f"{url}/calls?message_id=c-1") as response:
            assert await response.json() == {
                "message_id": "c-1",
                "bulk_id": "b-1",
                "sent_at": 1000.0,
                "delivered_at": None,
                "answered_at": None,
                "failed_at": None,
                "outcome": "pending",
            }
        async with client.get(f"{url}/calls") as response:
            assert (await response.json())["calls"]["c-2"]["outcome"] == "failed"


async def test_a_wrong_call_is_400_and_names_the_field(client: aiohttp.ClientSession) -> None:
    """The error repeats no number and has no effect."""
    async with a_simulator() as simulator:
        order = {"calls": [A_CALL, A_CALL | {"phone_number": "+380671234567"}]}
        async with client.post(f"{simulator.url}/_simulator/calls", json=order) as response:
            text = await response.text()
            assert (response.status, "380671234567" in text) == (400, False)
            assert (await response.json())["fields"][0]["field"] == "calls.1.phone_number"
        assert simulator.call_truth() == {}
