"""A turn that fails by an error that nobody expects: the process ends, and nothing that it had taken is passed over."""

from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from relay.simulator.messages import Message
from tests.polling import eventually
from tests.running import world

RAISING = (str(Path(__file__).with_name("raising.py")),)

pytestmark = [pytest.mark.kafka]


async def test_what_a_broken_turn_had_taken_is_decided_by_the_next_process(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """The request that broke it, and another that came with it, are read again and lead to their events."""
    async with world(kafka.bootstrap_servers, tmp_path, partitions=1) as relay:
        names = ("crash-1", "beside-1")
        relay.simulator.send_many([Message(message_id=name, steps=(steps.delivered(0, "sms"),)) for name in names])
        for name in names:
            await relay.fetch(message_id=name)
        broken = relay.start(RAISING)
        await eventually(lambda: not broken.running, seconds=60, what="end of the process")
        assert broken.process.returncode == 1
        assert [line["why"] for line in broken.lines("process.failed")] == ["UnexpectedError"]
        await relay.started()
        for name in names:
            await relay.told(name, "delivered")
