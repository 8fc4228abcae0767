"""Tells of a committed turn: one line for each handled request and each event, and the counts."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import structlog

from relay.contracts.dead_letter import DeadLetter
from relay.core.collecting import Read
from relay.core.model import Event, Request
from relay.observe.lines import Line
from relay.observe.logs import tell_all
from relay.observe.metrics import Metrics
from relay.observe.rendering import masked
from relay.slot.turn import Turn
from relay.slot.understanding import Answer

log = structlog.get_logger("relay.slot")


def narrate(turn: Turn, metrics: Metrics) -> None:
    """Log and count what a committed turn changed."""
    _tell_requests(item.request for item in turn.requests)
    if turn.events:
        metrics.event_delay_seconds.observe(max(0.0, time.time() - turn.now.timestamp()))
    for kind, count in Counter(event.type for event in turn.events).items():
        metrics.events.labels(kind).inc(count)
    _tell_events(turn.events)
    for account, report in turn.noted.unmapped:
        for field in report.unmapped:
            metrics.unmapped_codes.labels(account, field).inc()
        codes = masked(_codes(report.provider_status))  # names are the provider's words
        log.warning(Line.REPORT_UNMAPPED, account=account, fields=list(report.unmapped), codes=codes)
    for answer in turn.noted.answers:
        _answer(answer, metrics)
    for account, gap in turn.noted.gaps:
        metrics.gaps.labels(account, "found").inc()
        log.warning(
            Line.GAP_FOUND,
            account=account,
            bulk_id=gap.bulk_id,
            message_id=gap.message_id,
            drain_id=gap.drains[-1],
            why=gap.why,
            drains=gap.count,
        )
    for account, key in turn.noted.contradicted:
        metrics.contradicted_reports.labels(account).inc()
        log.warning(Line.REPORT_CONTRADICTED, account=account, message=key.decode().split("/", 2)[2])


def tell_refused(letter: DeadLetter, metrics: Metrics, say: Callable[..., object]) -> None:
    """Count a refused record and say so, by the caller's logger and in its severity; never with its content."""
    metrics.dead_letters.labels(letter.reason.code).inc()
    say(
        Line.RECORD_DEAD_LETTERED,
        dead_letter_id=letter.dead_letter_id,
        code=letter.reason.code,
        detail=letter.reason.message,
        topic=letter.source.topic,
        partition=letter.source.partition,
        offset=letter.source.offset,
    )


def _tell_requests(requests: Iterable[Request]) -> None:
    tell_all(
        Line.REQUEST_ACCEPTED,
        [
            {
                "kind": request.kind,
                "account": request.account,
                "message_id": request.message_id,
                "extra_id": request.extra_id,
                "bulk_id": request.bulk_id,
                "request_id": request.request_id,
                "correlation_id": request.correlation_id,
            }
            for request in requests
        ],
        logger_name="relay.slot",
    )


@lru_cache(maxsize=256)
def _masked_word(word: str) -> object:
    """Mask a word of which there are few."""
    return masked(word)


def _codes(status: Any) -> Any:
    """Return the provider's codes without its free texts."""
    if isinstance(status, dict):
        return {name: _codes(value) for name, value in status.items() if name != "description"}
    return status


def _answer(answer: Answer, metrics: Metrics) -> None:
    """Log and count an answer of a drain, whose reports are decided now."""
    item, intent = answer.item, answer.intent
    if not isinstance(item, Read):
        return
    drained = item.drained
    outcome = "refused" if answer.refused else item.lost or "read"
    metrics.drains.labels(answer.account, outcome).inc()
    metrics.collected_reports.labels(answer.account).inc(drained.reports)
    metrics.unreadable_reports.labels(answer.account).inc(drained.count - drained.reports)
    say = log.info if drained.count or outcome != "read" else log.debug  # most drains of a quiet account bring nothing
    say(
        Line.DRAIN_ANSWERED,
        account=answer.account,
        drain_id=answer.response_id,
        outcome=outcome,
        bulk_id=intent.bulk_id if intent else None,
        message_id=intent.message_id if intent else None,
        status=drained.status,
        reports=drained.reports,
        unreadable=drained.count - drained.reports,
        late=intent is None,
        said=masked(answer.said),
    )


def _tell_events(events: Iterable[Event]) -> None:
    tell_all(
        Line.MESSAGE_CHANGED,
        [
            {
                "type": event.type,
                "account": event.account,
                "message_id": event.message_id,
                "extra_id": event.extra_id,
                "event_id": event.event_id,
                "sequence": event.sequence,
                "channel": _masked_word(event.channel),
                "reason": event.reason.category if event.reason else None,
                "inferred": event.inferred,
                "supersedes": event.supersedes,
                "request_id": event.request_id,
                "correlation_id": event.correlation_id,
            }
            for event in events
        ],
        logger_name="relay.slot",
    )
