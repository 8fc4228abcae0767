"""Tracing from outside: a record with a trace in, its event with a trace out, and the spans at a collector."""

from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from tests.endtoend.sending import a_message
from tests.polling import eventually
from tests.published import assert_well_published
from tests.running import RELAY, world
from tests.tracing.collector import collector
from tests.tracing.exporting import INPUT, SPAN, TRACE

pytestmark = pytest.mark.kafka

SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}


async def test_one_trace_leads_from_the_input_record_to_the_event(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """The event's `traceparent` names the span that published it, which lies in the trace of the request's record."""
    async with collector() as collected:
        sections = f'[tracing]\nendpoint = "{collected.url}"'
        async with world(kafka.bootstrap_servers, tmp_path, sections=sections) as relay:
            replica = await relay.started(RELAY, environment=SOON)
            message_id = a_message(relay, steps.accepted(0), steps.delivered(0.8, "sms"), phone_number="380501112233")
            request = {"request_id": "r", "account": "main", "message_id": message_id}
            await relay.send("fetch_requests", request, headers=[("traceparent", INPUT.encode())])
            await relay.told(message_id, "delivered")
            await eventually(lambda: "publish" in collected.of_trace(TRACE), what="spans")
            spans = collected.of_trace(TRACE)
            assert set(spans) == {"accept", "lookup", "publish"}
            assert spans["accept"].parent_span_id.hex() == SPAN
            assert {spans[name].parent_span_id for name in ("lookup", "publish")} == {spans["accept"].span_id}
            (record,) = relay.seen
            carried = dict(record.headers)["traceparent"].decode()
            assert carried == f"00-{TRACE}-{spans['publish'].span_id.hex()}-01"
            assert_well_published(record, relay.partitions, {"traceparent"})
            assert collected.services == {relay.group}
            assert not any("380501112233" in str(span) for span in collected.spans)
            assert await replica.terminated() == 0


async def test_a_collector_that_is_away_changes_nothing(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Events are published, and the process ends in time, though no span can be sent."""
    sections = '[tracing]\nendpoint = "http://127.0.0.1:1"'
    async with world(kafka.bootstrap_servers, tmp_path, sections=sections) as relay:
        replica = await relay.started(RELAY, environment=SOON)
        message_id = a_message(relay, steps.delivered(0, "sms"))
        await relay.fetch(message_id=message_id)
        await relay.told(message_id, "delivered")
        assert await replica.terminated() == 0
        assert not replica.lines("part.abandoned")
