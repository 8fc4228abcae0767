"""Builds events from what is known of a message and what a report adds."""

from datetime import datetime

from relay.core.identity import event_id
from relay.core.instants import to_milliseconds
from relay.core.masking import shown_recipient
from relay.core.model import Category, Event, EventType, MessageState, Outcome, Reason, Report
from relay.core.rules import Rules


def build_event(
    state: MessageState,
    report: Report,
    rules: Rules,
    *,
    kind: EventType,
    at: datetime,
    after: int = 0,
    inferred: bool = False,
    supersedes: str | None = None,
) -> Event:
    """Return the next event of the message; its sequence follows what was published before, and so many more."""
    message_id = state.message_id or report.message_id
    extra_id = state.extra_id or report.extra_id
    return Event(
        event_id=event_id(
            provider=rules.provider,
            account=rules.account,
            message_id=message_id,
            extra_id=extra_id,
            event_type=kind,
            inferred=inferred,
        ),
        type=kind,
        sequence=1 + after + (max(event.sequence for event in state.published) if state.published else 0),
        account=rules.account,
        provider=rules.provider,
        message_id=message_id,
        extra_id=extra_id,
        bulk_id=report.bulk_id or state.bulk_id,
        recipient=shown_recipient(report.recipient or state.recipient, rules.recipients),
        channel=report.channel,
        occurred_at=to_milliseconds(report.occurred_at or at),
        observed_at=to_milliseconds(at),
        final=not (inferred and kind is EventType.FAILED),
        inferred=inferred,
        supersedes=supersedes,
        reason=report.reason if kind is EventType.FAILED else None,
        attempts=report.attempts,
        call=report.call,
        price=report.price,
        clicks=report.clicks,
        sms_parts=report.sms_parts,
        template_id=report.template_id,
        mcc_mnc=report.mcc_mnc,
        callback_data=report.callback_data,
        provider_status=report.provider_status,
        request_id=state.request_id,
        correlation_id=state.correlation_id,
    )


def expiry_event(state: MessageState, rules: Rules, *, found: bool, at: datetime) -> Event:
    """Return the inferred `failed` of a message of which no outcome was reported until `expires_at`."""
    silence = Report(
        outcome=Outcome.FAILED,
        channel="unknown",
        occurred_at=state.expires_at,
        reason=Reason(category=Category.NO_REPORT if found else Category.NOT_FOUND),
    )
    return build_event(state, silence, rules, kind=EventType.FAILED, at=at, inferred=True)
