"""What a pending message takes of memory: `python -m bench.alone.pending COUNT` prints bytes resident for each.

Fills the slots of a process with as many messages as are asked for, the way a restore does, timers armed.
"""

import gc
import json
import os
import subprocess
import sys
import uuid
from datetime import timedelta
from functools import cache
from typing import Any

from bench.processes import resident_bytes
from bench.topics import ACCOUNT, PARTITIONS
from relay.clock import utc_now
from relay.core.decide import decide
from relay.core.items import Answered, Requested
from relay.core.model import Request, RequestKind
from relay.core.policy import GrowingIntervals, Schedule
from relay.core.rules import Rules
from relay.core.schedule import Urgency
from relay.kafka.partitions import partition_of
from relay.kafka.records import Outgoing
from relay.providers.hyber import SEEN_CHANNELS
from relay.slot.answers import Answers
from relay.slot.arming import arm_restored
from relay.slot.asks import Cancellable
from relay.slot.codec import checked, encode_state
from relay.slot.fencing import Member
from relay.slot.keys import message_key, shard_key
from relay.slot.slot import Slot

POLICY = GrowingIntervals(initial_seconds=3600, factor=1.6, max_seconds=7200)
RULES = Rules(
    account=ACCOUNT,
    provider="hyber",
    schedule=Schedule(pending=POLICY, watch=POLICY, seen_watch_seconds=86_400),
    seen_channels=SEEN_CHANNELS,
)
IN_TEMPLATE = "00000000-0000-4000-8000-000000000000"
GIVEN_UP = timedelta(days=2)


class NobodyAsks:
    """Takes no questions: nothing is due."""

    def ask(self, account: str, asker: Slot, key: bytes, *, due: float, urgency: Urgency) -> Cancellable | None:
        """Refuse."""
        raise AssertionError(account, asker, key, due, urgency)


@cache
def template() -> bytes:
    """Return what the relay stores of a message that was asked for and has no report yet; `IN_TEMPLATE` is its id."""
    now = utc_now()
    request = Request(
        kind=RequestKind.FETCH,
        account=ACCOUNT,
        received_at=now,
        anchor_at=now,
        expires_at=now + GIVEN_UP,
        message_id=IN_TEMPLATE,
        request_id=f"request-{IN_TEMPLATE}",
    )
    asked = decide(None, Requested(request=request), now, RULES)
    state = decide(asked.state, Answered(report=None), now, RULES).state
    assert state is not None
    return encode_state(state)


def pending_state() -> tuple[bytes, bytes, int]:
    """Return key, value and partition of a message of its own, as the state topic holds them."""
    message_id = str(uuid.uuid4())
    value = template().replace(IN_TEMPLATE.encode(), message_id.encode())
    return (
        message_key(ACCOUNT, message_id),
        value,
        partition_of(shard_key(ACCOUNT, message_id, None), PARTITIONS),
    )


def new_slot(partition: int) -> Slot:
    """Return an empty slot that owns a partition of nothing real."""

    def no_letter(record: object, code: str, why: str, *, element: object = None) -> Outgoing:
        raise AssertionError(record, code, why, element)

    answers = Answers(lambda _: None, no_letter, lambda: None)
    return Slot(partition, Member(1, "bench", None), {ACCOUNT: RULES}.get, NobodyAsks(), lambda: None, answers=answers)


def bytes_each(count: int) -> float:
    """Fill slots with so many messages; return how much the process grew for each."""
    slots = [new_slot(partition) for partition in range(PARTITIONS)]
    now = utc_now()
    warm = pending_state()
    slots[warm[2]].store(*warm[:2])
    arm_restored(slots[warm[2]], warm[0], now)
    gc.collect()
    before = resident_bytes(os.getpid())
    for _ in range(count):
        key, value, partition = pending_state()
        slots[partition].store(key, checked(value))
    for slot in slots:
        for key in slot.entries:
            arm_restored(slot, key, now)
    gc.collect()
    assert sum(slot.pending for slot in slots) == count + 1
    return (resident_bytes(os.getpid()) - before) / count


def memory(counts: list[int]) -> list[dict[str, Any]]:
    """Measure each count in a process of its own."""
    return [
        json.loads(subprocess.check_output([sys.executable, "-m", "bench.alone.pending", str(count)]))
        for count in counts
    ]


if __name__ == "__main__":
    asked = int(sys.argv[1])
    sys.stdout.write(json.dumps({"messages": asked, "bytes_each": round(bytes_each(asked), 1)}))
