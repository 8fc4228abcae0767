"""The spans themselves: parents, links, outcomes, and what never is in them."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, StatusCode

from relay.core.events import build_event
from relay.core.model import Event, EventType, Request
from relay.observe.tracing import Tracing
from tests.builders import NOON, a_lookup, a_report, a_request, a_state, rules
from tests.tracing.exporting import INPUT, TRACE, UNSAMPLED, Exported, parent, traceparent

texts = st.text(st.characters(exclude_categories=["Cs"]))  # a header is UTF-8
PHONE = "380501112233"


@dataclass
class Record:
    """An input record, as far as tracing looks at it."""

    headers: tuple[tuple[str, bytes], ...] = ()
    topic: str = "messages.sent.v1"
    partition: int = 3
    offset: int = 41


@dataclass
class Decided:
    """A decided turn, as far as tracing looks at it."""

    events: list[Event] = field(default_factory=list)
    traces: dict[str, str] = field(default_factory=dict)
    drains: dict[str, str] = field(default_factory=dict)
    traceparents: list[str] = field(default_factory=list)


def accepted(tracing: Tracing, *headers: tuple[str, bytes], **changes: Any) -> Request:
    """Accept a request of a record with these headers."""
    assert tracing.accepted is not None
    return tracing.accepted(Record(headers), a_request(recipient=PHONE, **changes))


def an_event() -> Event:
    """Return an event."""
    return build_event(a_state(recipient=PHONE), a_report(), rules(), kind=EventType.DELIVERED, at=NOON)


def test_a_request_goes_on_with_the_trace_of_its_record() -> None:
    """The record's `traceparent` is the parent of `accept`, which is the trace of what follows."""
    exported = Exported()
    request = accepted(exported.tracing, ("traceparent", INPUT.encode()), ("other", b"x"))
    span = exported.one("accept")
    assert (parent(span), request.trace, span.kind) == (INPUT, traceparent(span), SpanKind.CONSUMER)
    assert replace(request, trace=None) == a_request(recipient=PHONE)
    assert span.attributes is not None
    assert (span.attributes["relay.message_id"], span.attributes["messaging.kafka.offset"]) == ("m-1", 41)


@pytest.mark.parametrize("header", ["", "x", INPUT.replace("00-", "ff-"), f"00-{'0' * 32}-{'0' * 16}-01", "00-ü-1-01"])
def test_a_trace_that_is_none_begins_a_new_one(header: str) -> None:
    """A stranger's header never refuses a record."""
    exported = Exported()
    request = accepted(exported.tracing, ("traceparent", header.encode()))
    assert exported.one("accept").parent is None
    assert request.trace == traceparent(exported.one("accept"))


@given(traceparent_=texts, tracestate=texts)
def test_whatever_stands_in_the_headers_is_no_error(traceparent_: str, tracestate: str) -> None:
    """Neither in a record nor in what is stored."""
    exported = Exported()
    for text in (traceparent_, INPUT):
        accepted(exported.tracing, ("traceparent", text.encode()), ("tracestate", tracestate.encode()))
    assert exported.tracing.looked_up is not None
    exported.tracing.looked_up(a_lookup(trace=traceparent_), 0.0, "pending", 200)
    assert len(exported.spans) >= 1


def test_what_the_producer_does_not_sample_is_passed_on_unsampled() -> None:
    """No spans, but consumers of the event hear of the decision."""
    exported = Exported()
    trace = accepted(exported.tracing, ("traceparent", UNSAMPLED.encode())).trace
    turn = Decided(events=[an_event()], traces={an_event().event_id: trace or ""})
    with exported.tracing.publishing([turn]):
        pass
    assert exported.spans == []
    (carried,) = turn.traceparents
    assert carried.startswith(f"00-{TRACE}-")
    assert carried.endswith("-00")


def test_the_ratio_is_for_requests_without_a_trace() -> None:
    """A producer's decision to sample holds even where the relay samples nothing by itself."""
    exported = Exported(ParentBased(ALWAYS_OFF))
    accepted(exported.tracing)
    accepted(exported.tracing, ("traceparent", INPUT.encode()))
    assert parent(exported.one("accept")) == INPUT


@pytest.mark.parametrize(
    ("outcome", "status", "is_error"),
    [("delivered", 200, False), ("not_found", 404, False), ("garbled", 200, True), ("timed_out", None, True)],
)
def test_a_lookup_tells_its_outcome(outcome: str, status: int | None, is_error: bool) -> None:  # noqa: FBT001 - a case
    """It lies in the message's trace, lasts as long as it took, and is an error only where nothing was learned."""
    exported = Exported()
    assert exported.tracing.looked_up is not None
    exported.tracing.looked_up(a_lookup(trace=INPUT), 1.5, outcome, status)
    span = exported.one("lookup")
    assert (parent(span), span.kind) == (INPUT, SpanKind.CLIENT)
    assert (span.end_time or 0) - (span.start_time or 0) == 1_500_000_000
    assert (span.status.status_code is StatusCode.ERROR) == is_error
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "relay.account": "hyber_main",
        "relay.outcome": outcome,
        "relay.message_id": "m-1",
        **({"http.response.status_code": status} if status is not None else {}),
    }


def test_an_event_lies_in_its_message_s_trace_and_is_linked_to_its_drain() -> None:
    """Its record carries the span of its publishing."""
    exported = Exported()
    event = an_event()
    assert exported.tracing.drained is not None
    drain = exported.tracing.drained("voice_eu", "d-1", NOON, "stored", 200) or ""
    turn = Decided(events=[event], traces={event.event_id: INPUT}, drains={event.event_id: drain})
    with exported.tracing.publishing([turn]):
        assert [span.name for span in exported.spans] == ["drain"]
    span = exported.one("publish")
    assert (parent(span), span.kind, turn.traceparents) == (INPUT, SpanKind.PRODUCER, [traceparent(span)])
    assert [link.context.span_id for link in span.links] == [int(drain.split("-")[2], 16)]


def test_an_event_that_nobody_asked_for_lies_in_the_trace_of_its_drain() -> None:
    """A call of which no request told has no other trace."""
    exported = Exported()
    event = an_event()
    turn = Decided(events=[event], drains={event.event_id: INPUT})
    with exported.tracing.publishing([turn]):
        pass
    assert (parent(exported.one("publish")), exported.one("publish").links) == (INPUT, ())


def test_a_transaction_that_fails_is_an_error_of_its_events() -> None:
    """The error passes on, and its text, which may hold anything, does not get into the span."""
    exported = Exported()
    turn = Decided(events=[an_event()])
    with pytest.raises(ValueError, match=PHONE), exported.tracing.publishing([turn]):
        raise ValueError(PHONE)
    span = exported.one("publish")
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert PHONE not in span.to_json()


@pytest.mark.parametrize(
    ("outcome", "status", "is_error"), [("stored", 200, False), ("stored", 503, True), ("timed_out", None, True)]
)
def test_a_drain_is_a_trace_of_its_own(outcome: str, status: int | None, is_error: bool) -> None:  # noqa: FBT001 - a case
    """It begins when it was asked."""
    exported = Exported()
    assert exported.tracing.drained is not None
    trace = exported.tracing.drained("voice_eu", "d-1", NOON, outcome, status)
    span = exported.one("drain")
    assert (span.parent, trace, span.start_time) == (None, traceparent(span), int(NOON.timestamp()) * 10**9)
    assert (span.status.status_code is StatusCode.ERROR) == is_error


def test_no_recipient_is_in_any_span() -> None:
    """Ids only, as in log lines."""
    exported = Exported()
    trace = accepted(exported.tracing, channels=("sms",)).trace
    with exported.tracing.publishing([Decided(events=[an_event()], traces={an_event().event_id: trace or ""})]):
        pass
    assert [span.name for span in exported.spans] == ["accept", "publish"]
    for span in exported.spans:
        assert PHONE not in span.to_json()
        assert PHONE[-6:] not in span.to_json()
