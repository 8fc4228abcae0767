"""Keeps what a provider was given to send, found again by either id; invents unknown messages if it is told to.

Takes instants from its caller and never reads a clock.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final, Literal
from uuid import UUID, uuid5

from relay.simulator.life_cycles import life_cycle
from relay.simulator.messages import Message, Sent, dispatched

Unknown = Literal["invent", "not_found"]
_INVENTED_IDS: Final = UUID("5f1c2a0e-6d0b-5e0e-9a53-0a6a3f8f5d11")


class Ledger:
    """The messages of one provider; `speed` divides every second of their life cycles."""

    def __init__(self, *, speed: float, seed: int, unknown: Unknown, unreadable_seconds: float) -> None:
        self._speed = speed
        self._seed = seed
        self._unknown = unknown
        self._unreadable_seconds = unreadable_seconds
        self._sent: dict[str, Sent] = {}
        self._message_ids: dict[str, str] = {}
        # An invented life cycle is made anew at each lookup, so that a million of them cost one float each.
        self._first_asked_at: dict[str, float] = {}

    def send(self, message: Message, now: float) -> None:
        """Take a message over; a second one with the same id replaces the first."""
        if message.steps is None:
            message = self._with_invented_life(message)
        self._sent[message.message_id] = self._dispatched(message, now)
        self._first_asked_at.pop(message.message_id, None)
        if message.extra_id is not None:
            self._message_ids[message.extra_id] = message.message_id

    def message_id_of(self, extra_id: str) -> str | None:
        """Give the id of the newest message with this `extra_id`."""
        return self._message_ids.get(extra_id)

    def by_message_id(self, message_id: str, now: float) -> Sent | None:
        """Find a message, or invent it as sent at its first lookup; None if it is unknown and stays so."""
        found = self._sent.get(message_id)
        if found is not None or self._unknown == "not_found":
            return found
        return self._invented(message_id, self._first_asked_at.setdefault(message_id, now))

    def by_extra_id(self, extra_id: str, now: float) -> Sent | None:
        """Find the newest message with this `extra_id`, or invent it; None if it is unknown and stays so."""
        if extra_id not in self._message_ids and self._unknown == "invent":
            self.send(Message(message_id=str(uuid5(_INVENTED_IDS, extra_id)), extra_id=extra_id), now)
        message_id = self._message_ids.get(extra_id)
        return None if message_id is None else self._sent[message_id]

    def known(self, message_id: str) -> Sent | None:
        """Find a message without inventing it."""
        asked_at = self._first_asked_at.get(message_id)
        return self._sent.get(message_id) if asked_at is None else self._invented(message_id, asked_at)

    def all(self) -> Iterator[Sent]:
        """Give every message that was sent or invented."""
        yield from self._sent.values()
        for message_id, asked_at in self._first_asked_at.items():
            yield self._invented(message_id, asked_at)

    def _invented(self, message_id: str, sent_at: float) -> Sent:
        return self._dispatched(life_cycle(self._random(message_id), message_id=message_id), sent_at)

    def _with_invented_life(self, message: Message) -> Message:
        invented = life_cycle(self._random(message.message_id), message_id=message.message_id)
        return replace(message, channels=invented.channels, steps=invented.steps)

    def _random(self, message_id: str) -> Random:
        return Random(f"{self._seed}/{message_id}")  # noqa: S311 - life cycles, no secrets

    def _dispatched(self, message: Message, now: float) -> Sent:
        return dispatched(message, now=now, speed=self._speed, unreadable_seconds=self._unreadable_seconds)
