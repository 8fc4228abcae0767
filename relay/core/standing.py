"""How far a message has come: derived from what was published of it, never stored beside it."""

from enum import IntEnum

from relay.core.model import Engagement, Event, EventType, MessageState


class Standing(IntEnum):
    """Outcomes in the order in which they may rise."""

    PENDING = 0
    FAILED_INFERRED = 1
    FAILED = 2
    DELIVERED_INFERRED = 3
    DELIVERED = 4


_PENDING = Standing.PENDING  # to find a member on its class takes longer than to compare it
_STANDINGS = {
    (EventType.FAILED, True): Standing.FAILED_INFERRED,
    (EventType.FAILED, False): Standing.FAILED,
    (EventType.DELIVERED, True): Standing.DELIVERED_INFERRED,
    (EventType.DELIVERED, False): Standing.DELIVERED,
}


def standing(state: MessageState) -> Standing:
    """Return the highest outcome published of the message."""
    return max(map(standing_of, state.published)) if state.published else _PENDING


def outcome_event(state: MessageState) -> Event | None:
    """Return the event that holds the message's outcome now, which a higher one supersedes."""
    held, highest = None, _PENDING
    for event in state.published:
        if (reached := standing_of(event)) > highest:
            held, highest = event, reached
    return held


def standing_of(event: Event) -> Standing:
    """Return the outcome that an event published; pending where it published none."""
    return _STANDINGS.get((event.type, event.inferred), _PENDING)


def was_published(state: MessageState, engagement: Engagement) -> bool:
    """Tell whether the engagement was published already."""
    return any(event.type.value == engagement.value for event in state.published)
