"""Runs the relay with a place to freeze in its transactions: `python failpoints.py run --config …`, for tests only.

FAILPOINT names the place: `begin`, `offsets` (after the sends) or `commit` (after the offsets). Once the file TRIGGER
exists, the next transaction with events that comes there removes it and stops the process with SIGSTOP. FENCING=off
sends the offsets without the membership, as aiokafka does by itself.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from relay import app
from relay.commands import main
from relay.kafka.records import Outgoing
from relay.lookups import gate
from relay.slot import committer, consumer
from relay.slot.committer import Committer
from relay.slot.fencing import GroupFencedProducer

TRANSACTION_SECONDS = 30  # with a failpoint: a freeze must end before its transaction does, to be a trial of fencing
SESSION_MILLISECONDS = 6_000  # the least that brokers allow, and so over well before a transaction times out


def frozen_at(place: str) -> None:
    """Stop the process if this is the place and the time."""
    trigger = os.environ.get("TRIGGER")
    if os.environ.get("FAILPOINT") == place and trigger and EventCounter.holds_events and Path(trigger).exists():
        Path(trigger).unlink()
        os.kill(os.getpid(), signal.SIGSTOP)


class EventCounter(Committer):
    """The relay's committer, which tells whether the transaction holds events: only those are worth a freeze."""

    holds_events = False

    async def commit(self, member: Any, records: Sequence[Outgoing], offsets: Any) -> None:
        """Commit as ever."""
        EventCounter.holds_events = any(record.headers for record in records)
        await super().commit(member, records, offsets)


class FreezingProducer(GroupFencedProducer):
    """The relay's producer with failpoints."""

    async def start(self) -> None:
        """Start, with the group's fencing or without."""
        if os.environ.get("FENCING") == "off":
            await AIOKafkaProducer.start(self)
        else:
            await super().start()

    async def begin_transaction(self) -> None:
        """Freeze before anything of the decided turn is written."""
        frozen_at("begin")
        await super().begin_transaction()

    async def send_offsets_to_transaction(self, offsets: Any, group_id: str) -> None:
        """Freeze after the sends."""
        frozen_at("offsets")
        await super().send_offsets_to_transaction(offsets, group_id)

    async def commit_transaction(self) -> None:
        """Freeze after the offsets."""
        frozen_at("commit")
        await super().commit_transaction()


class ShortSessionConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """A consumer that is given up sooner."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "session_timeout_ms": SESSION_MILLISECONDS, "heartbeat_interval_ms": 1_000})


if __name__ == "__main__":
    setattr(committer, "GroupFencedProducer", FreezingProducer)  # noqa: B010 - the seam: a name of the module
    if "FAILPOINT" in os.environ:
        committer.TRANSACTION_TIMEOUT_SECONDS = TRANSACTION_SECONDS
    setattr(app, "Committer", EventCounter)  # noqa: B010 - as above
    if os.environ.get("SHORT_SESSION") == "on":
        setattr(consumer, "AIOKafkaConsumer", ShortSessionConsumer)  # noqa: B010 - as above
    gate.REFUSED_SECONDS = float(os.environ.get("REFUSED_SECONDS", gate.REFUSED_SECONDS))
    main(sys.argv[1:])
