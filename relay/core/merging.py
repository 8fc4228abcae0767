"""What a request adds to what is known of a message. Repeating a request changes nothing."""

from relay.core.model import Event, MessageState, Request, RequestKind
from relay.core.standing import Standing, standing
from relay.core.values import replace

_OPEN = Standing.FAILED_INFERRED  # up to here an outcome is awaited


def merged(state: MessageState | None, request: Request) -> MessageState:
    """Return the state after the request: the latest `expires_at` holds, the newest request names the ids."""
    if state is None:
        return _waiting_once(_from_request(request), request)
    newest = request.received_at >= state.requested_at
    anchor_at = min(state.anchor_at, request.anchor_at) if awaits_outcome(state) else request.anchor_at
    known = replace(
        state,
        anchor_at=anchor_at,
        expires_at=max(state.expires_at, request.expires_at),
        requested_at=max(state.requested_at, request.received_at),
        extra_id=state.extra_id or request.extra_id,
        bulk_id=state.bulk_id or request.bulk_id,
        recipient=state.recipient or request.recipient,
        channels=state.channels or request.channels,
        follow=state.follow or request.follow,
    )
    return _waiting_once(_with_ids(known, request) if newest else known, request)


def with_ids_of(state: MessageState, asked: MessageState | None) -> MessageState:
    """Return the state with the ids of the request for its bulk that brought its report, if it is the newest."""
    if asked is None or asked.requested_at < state.requested_at:
        return state
    return replace(
        state,
        requested_at=asked.requested_at,
        request_id=asked.request_id,
        correlation_id=asked.correlation_id,
        trace=asked.trace or state.trace,
    )


def awaits_outcome(state: MessageState) -> bool:
    """Tell whether the message is followed and its outcome is open."""
    return state.follow and standing(state) <= _OPEN


def with_published(state: MessageState, published: tuple[Event, ...]) -> MessageState:
    """Return the state with what another slot published of the same message before."""
    if not published:
        return state
    have = {event.event_id for event in state.published}
    return replace(state, published=state.published + tuple(event for event in published if event.event_id not in have))


def _from_request(request: Request) -> MessageState:
    return MessageState(
        anchor_at=request.anchor_at,
        expires_at=request.expires_at,
        requested_at=request.received_at,
        message_id=request.message_id,
        extra_id=request.extra_id,
        bulk_id=request.bulk_id,
        recipient=request.recipient,
        channels=request.channels,
        detail=request.detail,
        follow=request.follow,
        request_id=request.request_id,
        correlation_id=request.correlation_id,
        trace=request.trace,
    )


def _with_ids(state: MessageState, request: Request) -> MessageState:
    trace = request.trace or state.trace
    if request.kind is RequestKind.SENT:
        return replace(state, correlation_id=request.correlation_id or state.correlation_id, trace=trace)
    return replace(
        state,
        request_id=request.request_id,
        correlation_id=request.correlation_id,
        detail=request.detail,
        trace=trace,
    )


def _waiting_once(state: MessageState, request: Request) -> MessageState:
    asks = request.kind is RequestKind.FETCH and not awaits_outcome(state)
    return replace(state, once=True) if asks and not state.once else state
