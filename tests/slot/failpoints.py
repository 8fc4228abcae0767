"""Runs the relay with a place to freeze or die at: `python failpoints.py run --config …`, for tests only.

FAILPOINT names the place. In transactions with events: `begin`, `offsets` (after the sends), `commit` (after the
offsets), `committed`; LEAST_EVENTS is how many it must hold. In the read-once protocol, in its order: `intended` (the
intent is committed), `asking` (right before the GET), `answered` (its body is read), `part` (a part of it is appended),
`appended` (the last one). Once the file TRIGGER exists, the first process that comes there removes it and stops with
SIGSTOP, or is killed if ACTION is `kill`. FENCING=off sends the offsets without the membership, as aiokafka does by
itself.
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
from relay.kafka import writing
from relay.kafka.records import Outgoing
from relay.kafka.writing import Delayed, Writer
from relay.lookups import gate
from relay.lookups.client import HttpClient
from relay.lookups.http import HttpRequest, HttpResponse
from relay.slot import answers, committer, consumer
from relay.slot.committer import Committer
from relay.slot.fencing import GroupFencedProducer

TRANSACTION_SECONDS = 30  # with a failpoint: a freeze must end before its transaction does, to be a trial of fencing
REPORT_PATHS = ("/tts/3/reports", "/voice/1/reports")
SESSION_MILLISECONDS = 6_000  # the least that brokers allow, and so over well before a transaction times out


def reached(place: str) -> None:
    """Stop or kill the process if this is the place and the time."""
    trigger = os.environ.get("TRIGGER")
    if os.environ.get("FAILPOINT") == place and trigger and Path(trigger).exists():
        Path(trigger).unlink()
        os.kill(os.getpid(), signal.SIGKILL if os.environ.get("ACTION") == "kill" else signal.SIGSTOP)


def reached_with_events(place: str) -> None:
    """Do so in a transaction that holds events: no other is worth it."""
    if EventCounter.events >= int(os.environ.get("LEAST_EVENTS", "1")):
        reached(place)


class EventCounter(Committer):
    """The relay's committer, which tells what the transaction holds."""

    events = 0

    async def commit(self, member: Any, records: Sequence[Outgoing], offsets: Any) -> None:
        """Commit as ever, then stop if an intent to drain was among the records."""
        EventCounter.events = sum(bool(record.headers) for record in records)
        await super().commit(member, records, offsets)
        if any(_is_intent(record) for record in records):
            reached("intended")


def _is_intent(record: Outgoing) -> bool:
    return (record.key or b"").startswith(b"account/") and b'"intent":{' in (record.value or b"")


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
        reached_with_events("begin")
        await super().begin_transaction()

    async def send_offsets_to_transaction(self, offsets: Any, group_id: str) -> None:
        """Freeze after the sends."""
        reached_with_events("offsets")
        await super().send_offsets_to_transaction(offsets, group_id)

    async def commit_transaction(self) -> None:
        """Freeze after the offsets, or after all."""
        reached_with_events("commit")
        await super().commit_transaction()
        reached_with_events("committed")


class StoppingWriter(Writer):
    """The relay's writer outside transactions, which stops once answers are appended."""

    write_records = Writer.write

    async def write(self, records: Sequence[Outgoing], delayed: Delayed) -> None:
        """Write as ever, but where it matters a record at a time."""
        if not records[0].topic.endswith(".raw"):
            await self.write_records(records, delayed)
            return
        for record in records:
            await self.write_records([record], delayed)
            facts = dict(record.headers)
            reached("appended" if facts["part"] == facts["parts"] else "part")


class StoppingHttp(HttpClient):
    """The relay's HTTP client, which stops around the GETs that consume."""

    get_response = HttpClient.get

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Ask as ever."""
        if not request.path.startswith(REPORT_PATHS):
            return await self.get_response(request)
        reached("asking")
        response = await self.get_response(request)
        reached("answered")
        return response


class ShortSessionConsumer(AIOKafkaConsumer):  # type: ignore[misc] # aiokafka is untyped
    """A consumer that is given up sooner."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "session_timeout_ms": SESSION_MILLISECONDS, "heartbeat_interval_ms": 1_000})


def install() -> None:
    """Put the failpoints into the relay's seams."""
    setattr(committer, "GroupFencedProducer", FreezingProducer)  # noqa: B010 - the seam: a name of the module
    setattr(app, "Committer", EventCounter)  # noqa: B010 - as above
    if os.environ.get("SHORT_SESSION") == "on":
        setattr(consumer, "AIOKafkaConsumer", ShortSessionConsumer)  # noqa: B010 - as above
    setattr(HttpClient, "get", StoppingHttp.get)  # noqa: B010 - whoever made one
    setattr(HttpClient, "get_response", StoppingHttp.get_response)  # noqa: B010 - as above
    setattr(Writer, "write", StoppingWriter.write)  # noqa: B010 - as above
    setattr(Writer, "write_records", StoppingWriter.write_records)  # noqa: B010 - as above
    if "FAILPOINT" in os.environ and os.environ.get("ACTION") != "kill":
        committer.TRANSACTION_TIMEOUT_SECONDS = TRANSACTION_SECONDS
    if "TRANSACTION_SECONDS" in os.environ:
        committer.TRANSACTION_TIMEOUT_SECONDS = int(os.environ["TRANSACTION_SECONDS"])
    gate.REFUSED_SECONDS = float(os.environ.get("REFUSED_SECONDS", gate.REFUSED_SECONDS))
    answers.FRAGMENT_SECONDS = float(os.environ.get("FRAGMENT_SECONDS", answers.FRAGMENT_SECONDS))
    writing.ATTEMPT_SECONDS = int(os.environ.get("ATTEMPT_SECONDS", writing.ATTEMPT_SECONDS))


if __name__ == "__main__":
    install()
    main(sys.argv[1:])
