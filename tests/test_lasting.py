"""Work that must go on: an end that nobody asked for ends the process, one that was asked for doesn't."""

import asyncio

import pytest

from relay.lasting import CancelledByNobody
from relay.parts import Parts
from relay.slot.reconciling import background


async def ended_from_within() -> None:
    """End as work does whose library lets the cancellation of its own tasks out."""
    raise asyncio.CancelledError


async def for_ever() -> None:
    """Go on."""
    await asyncio.Event().wait()


async def test_a_part_that_nobody_called_off_ends_the_process() -> None:
    """Without it the process would go on and do nothing."""
    parts = Parts()
    async with parts.stack, asyncio.timeout(5):
        parts.spawn(ended_from_within())
        await parts.stop.wait()
    assert isinstance(parts.error, CancelledByNobody)


async def test_parts_that_are_called_off_end_in_silence() -> None:
    """As at every orderly end."""
    parts = Parts()
    async with parts.stack:
        parts.spawn(for_ever())
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (parts.error, parts.stop.is_set()) == (None, False)


@pytest.mark.parametrize("called_off", [False, True])
async def test_background_work_ends_the_process_unless_it_is_called_off(*, called_off: bool) -> None:
    """An account whose drain nobody accounts for would stand still."""
    failures: list[BaseException] = []
    task = background(for_ever() if called_off else ended_from_within(), failures.append)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert [type(error) for error in failures] == ([] if called_off else [CancelledByNobody])
