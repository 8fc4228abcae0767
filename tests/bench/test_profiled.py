"""The parts by which the relay's time is shared out are the relay's own folders."""

from pathlib import Path

import pytest

from bench.alone.profiled import PARTS, part_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("place", [place for place, _ in PARTS if place.startswith("relay/")])
def test_every_part_is_there(place: str) -> None:
    """A folder that was renamed would silently count for who called it."""
    assert (ROOT / place).exists()


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("/x/relay/slot/codec.py", "states and inbox records as bytes"),
        ("/x/relay/slot/loop.py", "slots: mailboxes, turns, timers"),
        ("/x/site-packages/aiokafka/producer/sender.py", "transactions and sending"),
        ("/x/site-packages/aiokafka/record/default_records.py", None),
        ("/x/asyncio/tasks.py", None),
    ],
)
def test_a_file_counts_for_the_narrowest_part(file: str, part: str | None) -> None:
    """What belongs to none counts for who called it."""
    assert part_of(file) == part
