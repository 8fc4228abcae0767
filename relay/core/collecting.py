"""What is under way at an account whose reports are handed out only once: one intent, and gaps. Pure.

An intent is committed before the provider is asked. The answer closes it; an intent without one is a gap, until the
log that can be read again was read for it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, assert_never

DRAINS_REMEMBERED = 32  # the newest ids of a gap, and of answers that were decided
A_MOMENT = timedelta(milliseconds=1)  # a gap that grew is newer, even if the clock was set back
GAPS_KEPT = 32  # more become one, of whatever was unread
KEPT_UNREAD = timedelta(hours=48)  # so long providers keep reports that nobody read
CLOCKS_APART = timedelta(minutes=1)  # how far a provider's clock may be from ours
Filter = tuple[str | None, str | None]
"""The bulk and the message whose reports are wanted; None for any."""
WHATEVER_IS_UNREAD: Filter = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A drain that is wanted. `limit` None: the account's."""

    wished_at: datetime
    filter: Filter = WHATEVER_IS_UNREAD
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The one drain that may be under way."""

    drain_id: str
    intended_at: datetime
    limit: int
    bulk_id: str | None = None
    message_id: str | None = None

    @property
    def filter(self) -> Filter:
        """What it asks for."""
        return self.bulk_id, self.message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Drains of one filter that may have consumed reports and brought no answer that can be read."""

    first_at: datetime
    last_at: datetime
    drains: tuple[str, ...]
    count: int
    why: str
    bulk_id: str | None = None
    message_id: str | None = None

    @property
    def filter(self) -> Filter:
        """What was asked for."""
        return self.bulk_id, self.message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """A drain that was answered: how many reports could be read, of how many elements that came."""

    drain_id: str
    answered_at: datetime
    status: int
    reports: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What is stored of an account; `decided`: the newest answers whose reports were all decided."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "ser_json_temporal": "milliseconds",
        "val_temporal_unit": "milliseconds",
    }

    intent: Intent | None = None
    gaps: tuple[Gap, ...] = ()
    last: Drained | None = None
    decided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A drain was answered. `lost`: why what it handed out, or part of it, can't be read."""

    drained: Drained
    lost: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No answer came, or none will: the provider may have handed out reports all the same."""

    drain_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """An intent was not carried out, so nothing can have been handed out."""

    drain_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The log was read for a gap as it stood when its `last_at` was this; or can't be any more."""

    filter: Filter
    last_at: datetime


AccountItem = Read | NoAnswer | Unasked | Reconciled


def account_after(state: AccountState, item: AccountItem, now: datetime) -> AccountState:
    """Return the account's state after one item. Repeating an item changes nothing more."""
    match item:
        case Read():
            return _read(state, item, now)
        case NoAnswer():
            return _gap(state, item.drain_id, item.why, now)
        case Unasked():
            return replace(state, intent=None) if _is_open(state, item.drain_id) else state
        case Reconciled():
            kept = (gap for gap in state.gaps if gap.filter != item.filter or gap.last_at > item.last_at)
            return replace(state, gaps=tuple(kept))
        case _:
            assert_never(item)


def intended(state: AccountState, wish: Wish, *, drain_id: str, limit: int, now: datetime) -> AccountState:
    """Return the state with the intent to drain as wished.

    Raises ValueError where one is open: one drain at a time.
    """
    if state.intent is not None:
        raise ValueError("one drain at a time")
    bulk_id, message_id = wish.filter
    at = max(now, wish.wished_at)  # the clock may have been set back between the two
    intent = Intent(drain_id=drain_id, intended_at=at, limit=limit, bulk_id=bulk_id, message_id=message_id)
    return replace(state, intent=intent)


def with_decided(state: AccountState, response_id: str) -> AccountState:
    """Return the state that knows that all reports of an answer were decided."""
    return replace(state, decided=(*state.decided, response_id)[-DRAINS_REMEMBERED:])


def fulfils(drained: Intent, wish: Wish) -> bool:
    """Tell whether a drain to its end gave all that a wish can bring: nothing of it is unread any more."""
    return covers(drained.filter, wish.filter) and wish.wished_at <= drained.intended_at


def overlap(one: Filter, other: Filter) -> bool:
    """Tell whether something may pass both filters."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def covers(wide: Filter, narrow: Filter) -> bool:
    """Tell whether all that one filter lets through passes another."""
    return wide[0] in (None, narrow[0]) and wide[1] in (None, narrow[1])


def _is_open(state: AccountState, drain_id: str) -> bool:
    return state.intent is not None and state.intent.drain_id == drain_id


def _read(state: AccountState, item: Read, now: datetime) -> AccountState:
    drain_id = item.drained.drain_id
    was_open = _is_open(state, drain_id)
    if item.lost is not None:
        state = _gap(state, drain_id, item.lost, now)
    else:
        state = replace(state, gaps=_closed(state.gaps, drain_id))
    return replace(state, intent=None, last=item.drained) if was_open else state


def _gap(state: AccountState, drain_id: str, why: str, now: datetime) -> AccountState:
    intent = state.intent
    if intent is None or intent.drain_id != drain_id:
        return state
    gap = Gap(
        bulk_id=intent.bulk_id,
        message_id=intent.message_id,
        first_at=intent.intended_at,
        last_at=now,
        drains=(drain_id,),
        count=1,
        why=why,
    )
    alike = [other for other in state.gaps if other.filter == gap.filter]
    others = [other for other in state.gaps if other.filter != gap.filter]
    if len(others) >= GAPS_KEPT:
        alike, others = list(state.gaps), []
        gap = replace(gap, bulk_id=None, message_id=None)
    return replace(state, intent=None, gaps=(*others, _one(alike, gap)))


def _one(older: list[Gap], newest: Gap) -> Gap:
    """Make gaps one, which spans their times."""
    drains = tuple(drain_id for gap in (*older, newest) for drain_id in gap.drains)
    return replace(
        newest,
        first_at=min(gap.first_at for gap in (*older, newest)),
        last_at=max(newest.last_at, *(gap.last_at + A_MOMENT for gap in older)) if older else newest.last_at,
        drains=drains[-DRAINS_REMEMBERED:],
        count=sum(gap.count for gap in (*older, newest)),
    )


def _closed(gaps: tuple[Gap, ...], drain_id: str) -> tuple[Gap, ...]:
    """Take a drain that was answered after all out of its gap."""
    left = (
        replace(gap, drains=tuple(each for each in gap.drains if each != drain_id), count=gap.count - 1)
        if drain_id in gap.drains
        else gap
        for gap in gaps
    )
    return tuple(gap for gap in left if gap.count > 0)
