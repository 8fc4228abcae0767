"""Spans by OpenTelemetry: accept, lookup, drain and publish, linked by `traceparent`, sent by OTLP over HTTP.

Attributes hold ids as log lines do; never a body, a credential, a recipient or a URL.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from relay.core.model import Event, Lookup, Outcome, Request
from relay.observe.tracing import TRACEPARENT, Traced, Tracing

CLOSE_SECONDS: Final = 3.0  # spans are worth no longer wait at the end of a process
ANSWERS: Final = frozenset({*(outcome.value for outcome in Outcome), "not_found"})
STORED: Final = "stored"
BAD_STATUS: Final = 400
_NANOSECONDS: Final = 1_000_000_000
_PROPAGATOR: Final = TraceContextTextMapPropagator()

Attributes = Mapping[str, str | int]


def exported(endpoint: str, *, service: str, sample_ratio: float, attributes: Mapping[str, str]) -> Tracing:
    """Return what sends spans to `endpoint`/v1/traces, in batches, from a thread of its own.

    A request whose input record has a trace follows its decision on sampling; of the others `sample_ratio` are traced.
    """
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(sample_ratio),
        resource=Resource.create({"service.name": service, **attributes}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")))
    return tracing_by(provider)


def tracing_by(provider: TracerProvider) -> Tracing:
    """Return what makes spans with a provider, and shuts it down at the end."""
    spans = Spans(provider)
    return Tracing(
        accepted=spans.accepted,
        looked_up=spans.looked_up,
        drained=spans.drained,
        publishing=spans.publishing,
        close=spans.close,
    )


class Spans:
    """Makes the spans of one process; it never raises for what records or states hold."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("relay")

    def accepted(self, record: Any, request: Request) -> Request:
        """Tell of an accepted input record; its own `traceparent` is the parent."""
        carrier = {name: value.decode() for name, value in record.headers if name in _PROPAGATOR.fields}
        span = self._tracer.start_span(
            "accept",
            _PROPAGATOR.extract(carrier, Context()),
            SpanKind.CONSUMER,
            {
                "messaging.system": "kafka",
                "messaging.operation.name": "accept",
                "messaging.operation.type": "process",
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "relay.account": request.account,
                **_ids(request.message_id, request.extra_id),
            },
        )
        span.end()
        return replace(request, trace=_traceparent(span))

    def looked_up(self, lookup: Lookup, seconds: float, outcome: str, status: int | None) -> None:
        """Tell of a lookup that ended just now."""
        ended = time.time_ns()
        span = self._asked(
            "lookup", _parent(lookup.trace), lookup.account, outcome, status, ended - _nanoseconds(seconds)
        )
        span.set_attributes(_ids(lookup.message_id, lookup.extra_id))
        if outcome not in ANSWERS:
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end(ended)

    def drained(self, account: str, drain_id: str, asked_at: datetime, outcome: str, status: int | None) -> str | None:
        """Tell of a drain that ended just now. It serves many messages, so it is a trace of its own."""
        span = self._asked("drain", Context(), account, outcome, status, _nanoseconds(asked_at.timestamp()))
        span.set_attribute("relay.drain_id", drain_id)
        if outcome != STORED or status is None or status >= BAD_STATUS:
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end()
        return _traceparent(span)

    @contextmanager
    def publishing(self, turns: Sequence[Traced]) -> Iterator[None]:
        """Tell of the events of some turns, from before their transaction until after it."""
        spans = []
        for turn in turns:
            of_turn = [self._publish(turn, event) for event in turn.events]
            turn.traceparents = [_traceparent(span) or "" for span in of_turn]
            spans += of_turn
        try:
            yield
        except BaseException as error:
            for span in spans:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            for span in spans:
                span.end()

    async def close(self) -> None:
        """Send what is left, unless that takes long."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_SECONDS)

    def _asked(self, name: str, parent: Context, account: str, outcome: str, status: int | None, began: int) -> Span:
        facts: dict[str, str | int] = {"http.request.method": "GET", "relay.account": account, "relay.outcome": outcome}
        if status is not None:
            facts["http.response.status_code"] = status
        return self._tracer.start_span(name, parent, SpanKind.CLIENT, facts, start_time=began)

    def _publish(self, turn: Traced, event: Event) -> Span:
        """Begin the span of an event: in its message's trace and linked to its drain's, or in the drain's alone."""
        trace, drain = turn.traces.get(event.event_id), turn.drains.get(event.event_id)
        linked = get_current_span(_parent(drain)).get_span_context() if drain and trace else None
        return self._tracer.start_span(
            "publish",
            _parent(trace or drain),
            SpanKind.PRODUCER,
            {
                "messaging.system": "kafka",
                "messaging.operation.name": "publish",
                "messaging.operation.type": "send",
                "messaging.message.id": event.event_id,
                "relay.account": event.account,
                "relay.event_type": event.type.value,
                **_ids(event.message_id, event.extra_id),
            },
            links=[Link(linked)] if linked is not None and linked.is_valid else None,
        )


def _ids(message_id: str | None, extra_id: str | None) -> Attributes:
    ids = {"relay.message_id": message_id, "relay.extra_id": extra_id}
    return {name: value for name, value in ids.items() if value is not None}


def _parent(traceparent: str | None) -> Context:
    """Return the parent; one that is none begins a trace. Never what may be current in the process."""
    return _PROPAGATOR.extract({TRACEPARENT: traceparent} if traceparent else {}, Context())


def _traceparent(span: Span) -> str | None:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, set_span_in_context(span, Context()))
    return carrier.get(TRACEPARENT)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * _NANOSECONDS)
