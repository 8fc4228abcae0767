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


_STANDINGS = {
    (EventType.FAILED, True): Standing.FAILED_INFERRED,
    (EventType.FAILED, False): Standing.FAILED,
    (EventType.DELIVERED, True): Standing.DELIVERED_INFERRED,
    (EventType.DELIVERED, False): Standing.DELIVERED,
}


def standing(state: MessageState) -> Standing:
    """Return the highest outcome published of the message."""
    if not state.published:
        return Standing.PENDING
    return max(
        (
            _STANDINGS[event.type, event.inferred]
            for event in state.published
            if (event.type, event.inferred) in _STANDINGS
        ),
        default=Standing.PENDING,
    )


def outcome_event(state: MessageState) -> Event | None:
    """Return the event that holds the message's outcome now, which a higher one supersedes."""
    held = [event for event in state.published if (event.type, event.inferred) in _STANDINGS]
    return max(held, key=lambda event: _STANDINGS[event.type, event.inferred], default=None)


def was_published(state: MessageState, engagement: Engagement) -> bool:
    """Tell whether the engagement was published already."""
    return any(event.type.value == engagement.value for event in state.published)
