"""When a message lived, as far as its state and its records tell: what no topic needs to be read before, or after."""

from datetime import UTC, datetime

import orjson

from relay.core.decide import NEVER
from relay.core.items import Requested
from relay.core.model import MessageState
from relay.explain.entries import Found
from relay.explain.letters import Lettered
from relay.explain.windows import WHOLE, Window
from relay.slot.codec import UnreadableInternal, decode_requested


class Known:
    """Gathers instants of one message. `asked`: an accepted request is known to have been there."""

    def __init__(self) -> None:
        self.asked = False
        self._instants: set[datetime] = set()
        self._began_before = self._lives = False
        self._written: set[datetime] = set()

    def window(self) -> Window:
        """Return from the earliest to the latest instant; of what is unknown, everything."""
        if not self._instants:
            return WHOLE
        return Window(since=min(self._instants), until=max(self._instants))

    def window_of_states(self) -> Window:
        """Return where the relay's own records of the message begin, and end: each changes its stored state.

        A state tells only of the newest request once it awaits no outcome: then nobody knows when it began.
        """
        if self._began_before or not self._lives:
            return WHOLE
        return Window(since=self.window().since, until=max(self._written, default=None))

    def state(self, found: Found, state: MessageState | None) -> None:
        """Take the instants of a stored state, or when it was forgotten or can't be read."""
        self._written.update(at for at in [found.at] if at is not None)
        if state is None:
            return
        observed = [event.observed_at for event in state.published]
        self._lives |= not state.became
        if state.requested_at > NEVER:
            self.asked = True
            self._began_before |= not (state.follow or state.became) or any(at < state.anchor_at for at in observed)
        self._take(found.at, state.anchor_at, state.requested_at, *observed)

    def requested(self, found: Found, item: Requested) -> None:
        """Take the instants of a request in the inbox."""
        request = item.request
        self.asked = True
        self._take(found.at, request.received_at, request.anchor_at, *(each.observed_at for each in item.published))

    def record(self, found: Found) -> None:
        """Take the instants of an event or an inbox record."""
        if found.topic != "inbox":
            self._take(found.at, _observed_at(found.value))
            return
        try:
            self.requested(found, decode_requested(found.value))
        except UnreadableInternal:
            self._take(found.at)

    def letter(self, lettered: Lettered) -> None:
        """Take when a record was refused."""
        self._take(lettered.letter.failed_at)

    def _take(self, *instants: datetime | None) -> None:
        self._instants.update(at for at in instants if at is not None and at > NEVER)


def _observed_at(value: bytes | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(orjson.loads(value or b"")["observed_at"])
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
