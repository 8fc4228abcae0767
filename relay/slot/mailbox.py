"""What waits to be decided in one slot: records in the order of their offsets, and answers to lookups."""

from collections import deque
from dataclasses import dataclass, field

from relay.core.collecting import AccountItem
from relay.core.items import Item, Requested
from relay.kafka.records import Outgoing
from relay.slot.answers import Chunk


@dataclass(slots=True, eq=False)
class Held:
    """An inbox record that was not decided yet; it may wait a little for the answer to its lookup.

    Without an item it is a record that can't be read, kept in its place with its dead letter.
    """

    key: bytes
    item: Requested | None
    offset: int
    until: float
    waits: bool = False
    answer: Item | None = None
    letter: Outgoing | None = None


@dataclass(slots=True, kw_only=True)
class Taken:
    """What a turn takes out of a mailbox: items in order, and the offset up to which everything is decided then.

    `chunks`: of the answers of drains, which are decided after the items.
    """

    next_offset: int
    monotonic: float = 0.0
    items: list[tuple[bytes, Item | AccountItem]] = field(default_factory=list)
    requests: list[Requested] = field(default_factory=list)
    letters: list[Outgoing] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)

    def take(self, held: Held) -> None:
        """Add a request, and the answer that came for it."""
        if held.letter is not None:
            self.letters.append(held.letter)
        if held.item is None:
            return
        self.items.append((held.key, held.item))
        self.requests.append(held.item)
        if held.answer is not None:
            self.items.append((held.key, held.answer))


class Mailbox:
    """The mailbox of a slot; its length is the number of records in it."""

    def __init__(self) -> None:
        self.next_fetched = 0  # the offset after the last record that was put in, ever
        self._held: deque[Held] = deque()
        self._answers: deque[tuple[bytes, Item | AccountItem]] = deque()
        self._waiting: dict[bytes, list[Held]] = {}
        self._ripe = False  # a record can be decided now

    def __len__(self) -> int:
        return len(self._held)

    def put(self, held: Held) -> None:
        """Put a record in; offsets rise."""
        self._held.append(held)
        self.next_fetched = held.offset + 1
        if held.waits:
            self._waiting.setdefault(held.key, []).append(held)
        else:
            self._ripe = True

    def answer(self, key: bytes, item: Item) -> None:
        """Give an answer to the newest record that waits for it, so that it meets all; else keep it by itself."""
        waiting = self._waiting.pop(key, ())
        for held in waiting:
            held.waits = False
            self._ripe = True
        if waiting:
            waiting[-1].answer = item
        else:
            self._answers.append((key, item))

    def take(self, monotonic: float, limit: int) -> Taken:
        """Take every request that need not wait (any more) for its answer, and all answers.

        Requests are idempotent, so one may be decided while an older one still waits; the offset that may be committed
        stays at the first that is not decided, and what was decided beyond it is read again after a crash.
        """
        taken, kept = Taken(next_offset=self.next_fetched, monotonic=monotonic), deque[Held]()
        room = limit - min(len(self._answers), limit // 2)  # a crowd of requests must not keep answers waiting
        self._ripe = False
        for held in self._held:
            if len(taken.items) >= room or (held.waits and monotonic < held.until):
                self._ripe = self._ripe or not held.waits
                kept.append(held)
            else:
                taken.take(held)
                self._wait_no_more(held)
        if kept:
            taken.next_offset = kept[0].offset
        self._held = kept
        while self._answers and len(taken.items) < limit:
            taken.items.append(self._answers.popleft())
        return taken

    def _wait_no_more(self, held: Held) -> None:
        """Let go of a record that was decided before its answer came, which may take long."""
        if held.waits:
            held.waits = False
            waiting = self._waiting[held.key]
            waiting.remove(held)
            if not waiting:
                del self._waiting[held.key]

    def ripe_at(self, monotonic: float) -> float | None:
        """Return the monotonic instant at which something can be decided; None if there is nothing."""
        if self._answers or self._ripe:
            return monotonic
        return self._held[0].until if self._held else None

    def tell(self, key: bytes, item: Item | AccountItem) -> None:
        """Add what nobody waits for."""
        self._answers.append((key, item))

    def clear(self) -> None:
        """Drop everything."""
        self._held.clear()
        self._answers.clear()
        self._waiting.clear()
        self._ripe = False
