"""How much time passes between two turns, on a clock that jumps."""

import asyncio

import pytest

from relay.slot.resting import GATHER_SECONDS, LOOK_SECONDS, POLLS_GATHER_SECONDS, gathered
from tests.virtual_time import in_virtual_time


@pytest.mark.parametrize(
    ("turned_before", "awaited_after", "least", "most"),
    [
        pytest.param(0.0, 0.0, GATHER_SECONDS, GATHER_SECONDS, id="somebody waits"),
        pytest.param(0.0, 0.007, 0.007, 0.007 + LOOK_SECONDS, id="somebody comes meanwhile"),
        pytest.param(0.0, 9.0, POLLS_GATHER_SECONDS, POLLS_GATHER_SECONDS + LOOK_SECONDS, id="nobody waits"),
        pytest.param(5.0, 9.0, 0.0, 0.0, id="nobody waits, but the last turn was long ago"),
    ],
)
@in_virtual_time
async def test_only_who_is_not_awaited_waits_long(
    turned_before: float, awaited_after: float, least: float, most: float
) -> None:
    """A turn that somebody waits for comes soon after the last; what polls bring is gathered for longer."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await gathered(began - turned_before, lambda: loop.time() >= began + awaited_after, loop.time)
    took = loop.time() - began
    assert least - 1e-6 <= took <= most + 1e-6
