"""Messages and instants that the tests of the contract send, and waiting for what must not happen."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from relay.simulator.messages import Message, Step
from tests.polling import eventually
from tests.running import World


def an_id() -> str:
    """Return an id that no other test uses."""
    return f"МСГ {uuid.uuid4()}/ü?#%41"


def in_seconds(seconds: float) -> str:
    """Return an instant from now, with an offset that is not UTC."""
    return (datetime.now(UTC) + timedelta(seconds=seconds, hours=2)).isoformat()[:-6] + "+02:00"


def a_message(relay: World, *script: Step, **fields: Any) -> str:
    """Give the provider a message and return its id."""
    message = Message(message_id=an_id(), steps=script, **fields)
    relay.simulator.send(message)
    return message.message_id


async def passed(seconds: float) -> None:
    """Wait until so much of the wall clock is over, for what must not happen meanwhile."""
    until = time.time() + seconds
    await eventually(lambda: time.time() > until, seconds=seconds + 1, what="passing of time")
