"""What a collected account's own state says of its drains: the one under way, those asked for, and the open gaps."""

from collections.abc import Iterator
from datetime import datetime

from relay.core.collecting import AccountState, Filter, Gap, Intent
from relay.core.model import Json, MessageState
from relay.explain.entries import Entry, Found, Kind, joined, shown
from relay.slot.codec import UnreadableInternal, decode_account


def drains_of(found: Found | None) -> AccountState | None:
    """Return what is stored of the account's drains; None where another release wrote it."""
    try:
        return decode_account(found.value) if found is not None and found.value is not None else AccountState()
    except UnreadableInternal:
        return None


def touching(account: str, found: Found | None, state: MessageState) -> Iterator[Entry]:
    """Tell of the drain under way, and of the gaps, that may hold the report that a pending message waits for."""
    drains = drains_of(found)
    if found is None or drains is None:
        return
    message = state.bulk_id, state.message_id
    if drains.intent is not None and _covers(drains.intent.filter, message):
        yield intent_entry(account, found, drains.intent)
    for gap in drains.gaps:
        if _covers(gap.filter, message) and gap.last_at >= state.anchor_at:
            yield gap_entry(account, found, gap)


def _covers(asked: Filter, message: Filter) -> bool:
    """Tell whether a drain may have handed out the message's report; a bulk that we don't know may be its own."""
    (bulk_id, message_id), (own_bulk_id, own_message_id) = asked, message
    return message_id in (None, own_message_id) and (own_bulk_id is None or bulk_id in (None, own_bulk_id))


def all_of(account: str, found: Found, drains: AccountState) -> Iterator[Entry]:
    """Tell of the drain under way and of the open gaps."""
    if drains.intent is not None:
        yield intent_entry(account, found, drains.intent)
    for gap in drains.gaps:
        yield gap_entry(account, found, gap)


def intent_entry(account: str, found: Found, intent: Intent) -> Entry:
    """Tell of the drain that may be under way."""
    text = joined(f"drain {intent.drain_id} of {words_of(intent.filter)}", f"limit {intent.limit}", "no answer yet")
    details = {"drain_id": intent.drain_id, **ids_in_filter(intent.filter), "limit": intent.limit}
    return _entry(intent.intended_at, Kind.INTENT, account, found, text, details)


def wish_entry(account: str, found: Found, wish: MessageState) -> Entry:
    """Tell of a drain that a request asked for and that was not carried out to its end."""
    asked = wish.bulk_id, wish.message_id
    text = joined(
        f"drain of {words_of(asked)}",
        f"for {wish.request_id}" if wish.request_id else None,
        f"expires {shown(wish.expires_at)}",
    )
    details = {**ids_in_filter(asked), "request_id": wish.request_id, "expires_at": shown(wish.expires_at)}
    return _entry(wish.requested_at, Kind.WISH, account, found, text, details)


def gap_entry(account: str, found: Found, gap: Gap) -> Entry:
    """Tell of drains that brought no answer, and that the log was not read for yet."""
    times = "one drain" if gap.count == 1 else f"{gap.count} drains until {shown(gap.last_at)}"
    text = joined(f"open gap of {words_of(gap.filter)}: {times} without an answer", gap.why, *gap.drains[-1:])
    details = {
        **ids_in_filter(gap.filter),
        "first_at": shown(gap.first_at),
        "last_at": shown(gap.last_at),
        "drains": list(gap.drains),
        "count": gap.count,
        "why": gap.why,
    }
    return _entry(gap.first_at, Kind.GAP, account, found, text, details)


def _entry(at: datetime, kind: Kind, account: str, found: Found, text: str, details: Json) -> Entry:
    return Entry(at=at, kind=kind, account=account, text=text, details=details, found=found)


def words_of(asked: Filter) -> str:
    """Say what a drain asked for."""
    bulk_id, message_id = asked
    named = [f"{word} {name}" for word, name in (("bulk", bulk_id), ("message", message_id)) if name]
    return " and ".join(named) or "whatever was unread"


def ids_in_filter(asked: Filter) -> Json:
    """Return what a drain asked for as plain JSON values."""
    bulk_id, message_id = asked
    return {"bulk_id": bulk_id, "message_id": message_id}
