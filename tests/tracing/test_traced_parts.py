"""How a trace travels through the parts of the relay, without Kafka; and that nothing travels where it is off."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from relay.configuration import TopicSettings
from relay.core.decide import decide
from relay.core.items import Answered
from relay.core.merging import merged
from relay.core.model import Outcome
from relay.core.schedule import Urgency
from relay.lookups.account import AccountLookups
from relay.lookups.http import HttpRequest
from relay.lookups.pacing import Pace
from relay.observe.metrics import Metrics
from relay.observe.tracing import OFF, tracing_to
from relay.settings import load_settings
from relay.slot.codec import decode_requested, encode_requested, encode_state
from relay.slot.publishing import Publishing
from relay.slot.raw import StoredResponse, part_of, raw_records
from tests.builders import NOON, a_lookup, a_report, a_request, a_sent, a_state, after, answered, requested, rules
from tests.lookups.driven_account import FakeHttp, FakeSlot
from tests.relay_toml import refusal
from tests.slot.driven import M1, settled
from tests.tracing.exporting import INPUT, UNSAMPLED, Exported, parent, traceparent

COST_BYTES = 70  # of a stored pending message, which has 500


def test_an_inbox_record_carries_the_trace_and_may_lack_it() -> None:
    """Records of before tracing are read; without a trace a record looks as it did."""
    traced = requested(trace=INPUT)
    assert decode_requested(encode_requested(traced)) == traced
    assert b"trace" not in encode_requested(requested())


def test_a_state_keeps_the_newest_trace_at_a_small_cost() -> None:
    """A request without one takes none away."""
    state = merged(merged(None, a_sent(trace=UNSAMPLED)), a_request(trace=INPUT, received_at=after(1)))
    assert state.trace == INPUT
    assert merged(state, a_sent(received_at=after(2))).trace == INPUT
    assert merged(state, a_request(received_at=after(-1), trace=UNSAMPLED)).trace == INPUT
    assert len(encode_state(state)) - len(encode_state(replace(state, trace=None))) < COST_BYTES


def test_a_message_that_an_extra_id_turns_out_to_be_keeps_the_trace() -> None:
    """It goes with the request that is forwarded to the message's slot."""
    state = a_state(message_id=None, extra_id="e-1", trace=INPUT)
    verdict = decide(state, Answered(report=a_report(message_id="m-9")), NOON, rules())
    assert verdict.forward is not None
    assert verdict.forward.request.trace == INPUT


def test_questions_are_asked_with_the_trace() -> None:
    """The first one, before anything is stored, and each later one."""
    driven = settled(a_request(trace=INPUT), answered(outcome=Outcome.PENDING))
    later = driven.slot.lookup(M1)
    assert later is not None
    assert later.trace == INPUT
    driven.receive(a_request(message_id="m-2", trace=UNSAMPLED))
    first = driven.slot.lookup(M1.replace(b"m-1", b"m-2"))
    assert first is not None
    assert first.trace == UNSAMPLED


def published(trace: str | None, exported: Exported | None) -> list[tuple[str, bytes]]:
    """Return the headers of the one event of a turn."""
    driven = settled(a_request(trace=trace), answered(outcome=Outcome.PENDING))
    driven.slot.answer(M1, answered())
    turn = driven.turn()
    publishing = Publishing(TopicSettings())
    publishing.partitions_are(dict.fromkeys(publishing.needed, 4))
    with (exported.tracing if exported else OFF).publishing([turn]):
        record, *_ = publishing.records([turn])
    return record.headers


def test_an_event_s_record_carries_the_span_of_its_publishing() -> None:
    """Its parent is the trace that the state kept."""
    exported = Exported()
    headers = published(INPUT, exported)
    assert headers[-1] == ("traceparent", traceparent(exported.one("publish")).encode())
    assert parent(exported.one("publish")) == INPUT


def test_an_event_has_no_such_header_where_tracing_is_off() -> None:
    """Not even where the state still has a trace of a time when it was on."""
    assert "traceparent" not in dict(published(INPUT, None))


async def test_a_lookup_is_told_with_what_came_of_it() -> None:
    """An account hands over the question, the outcome and the status."""
    exported = Exported()
    slot = FakeSlot()
    lookups = AccountLookups(
        "hyber_main",
        http=FakeHttp(),
        pace=Pace(rate_per_second=1e6, concurrency=1, timeout_seconds=10.0),
        to_request=lambda _lookup: HttpRequest("/"),
        interpret=lambda _response, _lookup, _now: Answered(report=None),
        metrics=Metrics("1.0"),
        tracing=exported.tracing,
    )
    await lookups._look_up(lookups.ask(slot, b"m-1", due=time.time(), urgency=Urgency.NEW), a_lookup(trace=INPUT))
    span = exported.one("lookup")
    assert span.attributes is not None
    assert (span.attributes["relay.outcome"], span.attributes["http.response.status_code"]) == ("pending", 200)
    assert parent(span) == INPUT


def test_a_stored_answer_keeps_the_trace_of_its_drain() -> None:
    """Whoever decides it links its events to it, after a restart, too; one of before has none."""
    stored = StoredResponse(
        response_id="d-1",
        account="voice_eu",
        status=200,
        url="https://x.example",
        content_type=None,
        retry_after=None,
        asked_at=NOON,
        answered_at=NOON,
        body=b"x",
        traceparent=INPUT,
    )
    for kept in (INPUT, None):
        (record,) = raw_records(replace(stored, traceparent=kept), "raw", 0)
        assert part_of(record).traceparent == kept


def test_nothing_is_traced_unless_it_is_configured() -> None:
    """The default has nothing to call."""
    endpoint = load_settings(None, {}).tracing.endpoint
    assert tracing_to(endpoint, service="x", sample_ratio=1.0, attributes={}) is OFF
    assert (OFF.accepted, OFF.looked_up, OFF.drained) == (None, None, None)


def test_an_endpoint_without_the_extra_is_a_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It names the key and what to install."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for name in [name for name in sys.modules if name.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    (line,) = refusal('[tracing]\nendpoint = "http://127.0.0.1:4318"')
    assert line == (
        "relay.toml: tracing.endpoint: needs the extra `otel`; install delivery-relay[otel], or remove the key"
    )
