"""Lookups that wait for their turn: new requests first, but polls have a share; whoever asked may cancel his ticket."""

import random
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from relay.core.items import Item, Unanswered
from relay.core.model import Lookup
from relay.lookups.door import SPREAD_SECONDS, Door
from relay.lookups.gate import Closed

NEW_IN_A_ROW = 3  # then a poll, if one waits: a load that lasts must not keep polls waiting for ever


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
    urgent: bool
    cancelled: bool = False
    running: bool = False

    @property
    def may_hurry(self) -> bool:
        """Tell whether it waits behind new requests."""
        return not self.urgent and not self.running

    def cancel(self) -> None:
        """Forget it: nobody waits for the answer any more. One that runs goes on: the provider has the request."""
        self.cancelled = True


class Tickets:
    """The queue of one account; its length counts cancelled ones that were not reached yet, too."""

    def __init__(self) -> None:
        self._urgent: deque[Ticket] = deque()
        self._polls: deque[Ticket] = deque()
        self._new_in_a_row = 0

    def __len__(self) -> int:
        return len(self._urgent) + len(self._polls)

    @property
    def oldest_due(self) -> float | None:
        """Since when the first one is due, in epoch seconds."""
        return min((queue[0].due for queue in (self._urgent, self._polls) if queue), default=None)

    def put(self, ticket: Ticket) -> None:
        """Add a ticket at its end of the queue."""
        (self._urgent if ticket.urgent else self._polls).append(ticket)

    def any(self) -> bool:
        """Tell whether one waits that was not cancelled."""
        for queue in (self._urgent, self._polls):
            while queue and queue[0].cancelled:
                queue.popleft()
        return len(self) > 0

    def take(self) -> Ticket:
        """Take the one whose turn it is: a new request, after some of them a poll."""
        if self._urgent and not (self._polls and self._new_in_a_row >= NEW_IN_A_ROW):
            self._new_in_a_row += 1
            return self._urgent.popleft()
        self._new_in_a_row = 0
        return self._polls.popleft()

    def take_due(self, instant: float) -> list[Ticket]:
        """Take those that were due by then, in epoch seconds."""
        waiting = [ticket for queue in (self._urgent, self._polls) for ticket in queue if not ticket.cancelled]
        self._urgent.clear()
        self._polls.clear()
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
