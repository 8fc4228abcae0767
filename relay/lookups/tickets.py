"""Lookups that wait for their turn, the urgent first, but all have a share; whoever asked may cancel his ticket."""

import random
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from relay.core.items import Item, Unanswered
from relay.core.model import Lookup
from relay.core.schedule import Urgency
from relay.lookups.door import SPREAD_SECONDS, Door
from relay.lookups.gate import Closed

# After so many a less urgent one, if one waits: a load that lasts makes all of them late, and none for ever.
IN_A_ROW = MappingProxyType({Urgency.NEW: 1, Urgency.PENDING: 3})


class Asker(Protocol):
    """Who asks: a slot. It is asked for the question only when its turn has come, so that waiting costs little."""

    def lookup(self, key: bytes) -> Lookup | None:
        """Return the question as it stands now; None if there is none any more."""
        ...

    def answer(self, key: bytes, item: Item) -> None:
        """Take the item that the lookup ended in."""
        ...


@dataclass(slots=True, eq=False)
class Ticket:
    """A lookup on its way: waiting in the queue since it was due (epoch seconds), or running."""

    asker: Asker
    key: bytes
    due: float
    urgency: Urgency
    cancelled: bool = False
    running: bool = False

    @property
    def may_hurry(self) -> bool:
        """Tell whether it waits behind new requests."""
        return self.urgency is not Urgency.NEW and not self.running

    def cancel(self) -> None:
        """Forget it: nobody waits for the answer any more. One that runs goes on: the provider has the request."""
        self.cancelled = True


class Tickets:
    """The queue of one account; its length counts cancelled ones that were not reached yet, too."""

    def __init__(self) -> None:
        self._queues: dict[Urgency, deque[Ticket]] = {urgency: deque() for urgency in Urgency}
        self._in_a_row = dict.fromkeys(Urgency, 0)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    @property
    def oldest_due(self) -> float | None:
        """Since when the first one is due that anybody waits for, in epoch seconds."""
        self._pass_over_cancelled()
        return min((queue[0].due for queue in self._queues.values() if queue), default=None)

    def put(self, ticket: Ticket) -> None:
        """Add a ticket at its end of the queue."""
        self._queues[ticket.urgency].append(ticket)

    def any(self) -> bool:
        """Tell whether one waits that was not cancelled."""
        for queue in self._queues.values():
            while queue:
                if not queue[0].cancelled:
                    return True
                queue.popleft()
        return False

    def _pass_over_cancelled(self) -> None:
        for queue in self._queues.values():
            while queue and queue[0].cancelled:
                queue.popleft()

    def take(self) -> Ticket:
        """Take the one whose turn it is: of the most urgent, but after some of them one of the others.

        One must wait that was not cancelled, and be the first of its queue: ask `any` before.
        """
        waiting = [urgency for urgency, queue in self._queues.items() if queue]
        while len(waiting) > 1 and self._in_a_row[waiting[0]] >= IN_A_ROW[waiting[0]]:
            self._in_a_row[waiting.pop(0)] = 0
        self._in_a_row[waiting[0]] += 1
        return self._queues[waiting[0]].popleft()

    def take_due(self, instant: float) -> list[Ticket]:
        """Take those that were due by then, in epoch seconds."""
        waiting = [ticket for queue in self._queues.values() for ticket in queue if not ticket.cancelled]
        for queue in self._queues.values():
            queue.clear()
        for ticket in waiting:
            if ticket.due > instant:
                self.put(ticket)
        return [ticket for ticket in waiting if ticket.due <= instant]

    def turn_away(self, door: Door) -> None:
        """Answer all with "not now": timers bring them back when the account may be asked again."""
        again = datetime.now(UTC) + timedelta(seconds=door.closed_seconds)
        held = door.gate.closed is Closed.REFUSED
        while self.any():
            ticket = self.take()
            spread = timedelta(seconds=random.random() * SPREAD_SECONDS)  # noqa: S311 - no secret
            ticket.asker.answer(ticket.key, Unanswered(asked=False, held=held, not_before=again + spread))
