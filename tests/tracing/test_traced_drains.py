"""How a drain's trace reaches the events of the reports that it brought."""

from dataclasses import replace

import pytest

from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.slot.raw import part_of
from relay.slot.turn import Turn
from tests.collected import ACCOUNT, an_unread_request
from tests.slot.drained import a_call
from tests.slot.driven_drains import PAGE, Driven
from tests.slot.stored import fetched
from tests.slot.voice_process import Process
from tests.slot.voice_world import World
from tests.tracing.exporting import INPUT, Exported, parent, traceparent
from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_events_are_linked_to_the_drain_that_brought_their_reports() -> None:
    """A message that was asked for keeps its own trace; of one that was not, the drain's is the only one."""
    exported = Exported()
    world = World()
    world.provider.knows("m-1", "m-2")
    process = Process(world)
    process.drains._traced = exported.tracing.drained
    traced = replace(a_call(1), trace=INPUT)
    world.ask(traced, an_unread_request())
    turns: list[Turn] = []
    while not any(turn.events for turn in turns):
        turn = await process.turn()
        turns += [turn] if turn is not None else []
    with exported.tracing.publishing(turns[-1:]):
        pass
    drain = traceparent(exported.one("drain"))
    spans = [span for span in exported.spans if span.name == "publish"]
    of_asked = [span for span in spans if (span.attributes or {})["relay.message_id"] == "m-1"]
    of_other = [span for span in spans if (span.attributes or {})["relay.message_id"] == "m-2"]
    assert {parent(span) for span in of_asked} == {INPUT}
    assert {link.context.span_id for span in of_asked for link in span.links} == {int(drain.split("-")[2], 16)}
    assert {parent(span) for span in of_other} == {drain}


@in_virtual_time
@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        (PAGE, "stored", 200),
        (HttpResponse(503, b""), "stored", 503),
        (HttpFailure(Failure.TRUNCATED, HttpResponse(200, b"m-")), "truncated", 200),
        (HttpFailure(Failure.TIMED_OUT), "timed_out", None),
        (ValueError(), "failed", None),
    ],
)
async def test_each_drain_that_was_asked_is_told(
    answer: HttpResponse | Exception, outcome: str, status: int | None
) -> None:
    """Whatever came; and what is stored names the span."""
    exported = Exported()
    driven = Driven(answer)
    driven.drains._traced = exported.tracing.drained
    driven.begin()
    await driven.drains.finish()
    span = exported.one("drain")
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "relay.account": ACCOUNT,
        "relay.outcome": outcome,
        "relay.drain_id": "d-1",
        **({"http.response.status_code": status} if status is not None else {}),
    }
    stored = [part_of(fetched(record)[0]).traceparent for (record,) in driven.writer.written]
    assert stored == ([traceparent(span)] if status is not None else [])


@in_virtual_time
async def test_a_body_is_stored_even_if_it_can_t_be_traced() -> None:
    """The reports in it are nowhere else."""

    def broken(*_: object) -> str:
        raise RuntimeError

    driven = Driven()
    driven.drains._traced = broken
    driven.begin()
    await driven.drains.finish()
    assert part_of(fetched(driven.writer.written[0][0])[0]).traceparent is None
