"""How much of a topic is read, by the timestamps of its records, and how to say what was left unread."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from relay.core.model import Json
from relay.explain.entries import shown

Place = tuple[str, int]
MARGINS = timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)  # for clocks apart, and for what lags behind
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The instants whose records are read; None: from the beginning, to the end.

    It opens at the first record that is not older than `since`, and closes before the first that is not older than
    `until`; what no relay has taken out of an input topic yet is read even after that.
    """

    since: datetime | None = None
    until: datetime | None = None

    def lies_in(self, other: "Window | None") -> bool:
        """Tell whether the other one reaches at least as far on both sides."""
        if other is None:
            return False
        early = other.since is None or (self.since is not None and self.since >= other.since)
        return early and (other.until is None or (self.until is not None and self.until <= other.until))

    def wider(self) -> "Iterator[Window]":
        """Give it with ever wider margins, and at last everything."""
        if self != WHOLE:
            yield from (self.around(margin) for margin in MARGINS)
        yield WHOLE

    def around(self, margin: timedelta) -> "Window":
        """Return the window with a margin on either side that is bounded."""
        return Window(
            since=None if self.since is None else max(self.since - _EPOCH, margin) - margin + _EPOCH,
            until=None if self.until is None else min(self.until, _LATEST - margin) + margin,
        )


WHOLE = Window()
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def milliseconds(instant: datetime) -> int:
    """Return an instant as Kafka writes it."""
    return (instant - _EPOCH) // _MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What was left unread of a topic: at most so many records, outside the window."""

    topic: str
    records: int
    window: Window

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        return {
            "topic": self.topic,
            "records": self.records,
            "before": shown(self.window.since),
            "after": shown(self.window.until),
        }


class Left:
    """Keeps count of what was left unread, place by place; reading more of a place makes it less."""

    def __init__(self) -> None:
        self._left: dict[Place, tuple[int, Window]] = {}

    def note(self, left: Mapping[Place, int], window: Window) -> None:
        """Take it that so many records of the places lie outside the window."""
        for place, count in left.items():
            known = self._left.get(place)
            if known is None or count <= known[0]:
                self._left[place] = count, window

    def unread(self, names: Mapping[str, str]) -> list[Unread]:
        """Return what was left, topic by topic, by the topics' own names."""
        topics: dict[str, list[tuple[int, Window]]] = {}
        for (topic, _), left in self._left.items():
            if left[0]:
                topics.setdefault(topic, []).append(left)
        return [
            Unread(topic=names[topic], records=sum(count for count, _ in left), window=_narrowest(left))
            for topic, left in sorted(topics.items())
        ]


def _narrowest(left: Iterable[tuple[int, Window]]) -> Window:
    windows = [window for _, window in left]
    since = [window.since for window in windows if window.since is not None]
    until = [window.until for window in windows if window.until is not None]
    return Window(since=max(since, default=None), until=min(until, default=None))


def unread_sentence(unread: Sequence[Unread], of: str = "message") -> str | None:
    """Say in one line what was left unread, and how to read it all; None if nothing was."""
    if not unread:
        return None
    records = sum(each.records for each in unread)
    topics: dict[str, list[str]] = {}
    for each in unread:
        topics.setdefault(_outside(each.window), []).append(each.topic)
    parts = "; ".join(f"{outside} of {', '.join(names)}" for outside, names in topics.items())
    why = f"left unread, up to {records} records, for nothing known of the {of} lies there"
    return f"{why}: what is {parts}; `--whole` reads all"


def _outside(window: Window) -> str:
    bounds = [(word, shown(at)) for word, at in (("before", window.since), ("after", window.until)) if at is not None]
    return " or ".join(f"{word} {at}" for word, at in bounds)
