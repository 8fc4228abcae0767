"""Whether a request leads to a question at once, and to which, known before it is decided."""

from datetime import datetime

from relay.core.merging import awaits_outcome
from relay.core.model import Lookup, MessageState, Request, RequestKind
from relay.core.rules import Rules


def first_question(state: MessageState | None, request: Request, now: datetime, rules: Rules) -> Lookup | None:
    """Return the question that a request leads to at once, before it is decided; None if it leads to none."""
    if (state is not None and state.became) or not asks_now(state, request, now, rules):
        return None
    return Lookup(
        account=request.account,
        message_id=request.message_id,
        extra_id=request.extra_id,
        detail=request.detail,
        trace=request.trace,
        anchor_at=request.anchor_at if state is None else min(state.anchor_at, request.anchor_at),
    )


def asks_now(state: MessageState | None, request: Request, now: datetime, rules: Rules) -> bool:
    """Tell whether a request is reason to ask now, rather than at its message's next step."""
    if request.kind is RequestKind.FETCH:
        return True
    name = request.message_id or request.extra_id or ""
    first_at = rules.schedule.pending.next_at(request.anchor_at, request.anchor_at, name)
    return (state is None or not awaits_outcome(state)) and first_at <= now
