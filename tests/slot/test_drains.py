"""Intents carried out: asked only in time, and what came kept until Kafka has it, with a fake of all three."""

import asyncio

import pytest
from structlog.testing import capture_logs

from relay.core.collecting import NoAnswer, Unasked
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.slot import raw
from relay.slot.drains import ASK_WITHIN_SECONDS
from relay.slot.raw import part_of
from tests.builders import after
from tests.collected import ACCOUNT
from tests.slot.driven_drains import Driven
from tests.slot.stored import RAW, fetched
from tests.virtual_time import in_virtual_time, passed, settled


@in_virtual_time
async def test_an_answer_is_stored_with_its_facts() -> None:
    """Whoever reads the record knows what was asked, when, and what came; nobody is told, for the record tells."""
    driven = Driven(HttpResponse(200, b"m-1", retry_after="5", content_type="application/xml"))
    driven.begin()
    await driven.drains.finish()
    ((outgoing,),) = driven.writer.written
    part = part_of(fetched(outgoing)[0])
    assert (outgoing.topic, outgoing.partition, outgoing.key, outgoing.value) == (RAW, 3, ACCOUNT.encode(), b"m-1")
    assert (part.response_id, part.account, part.status, part.content_type, part.cut) == (
        "d-1",
        ACCOUNT,
        200,
        "application/xml",
        None,
    )
    assert (part.url, dict(outgoing.headers)["retry_after"]) == ("https://x.example/reports?limit=500", b"5")
    assert (part.asked_at, part.answered_at) == (after(0), after(2))
    assert (driven.ended, driven.drains.held, driven.drains.delayed) == ([], {}, False)


@in_virtual_time
@pytest.mark.parametrize("status", [204, 302, 401, 404, 429, 500, 504])
async def test_an_answer_is_stored_whatever_its_status(status: int) -> None:
    """What it means is decided when it is read, by whoever owns the slot then."""
    driven = Driven(HttpResponse(status, b""))
    driven.begin()
    await driven.drains.finish()
    assert part_of(fetched(driven.writer.written[0][0])[0]).status == status
    assert driven.ended == []


@in_virtual_time
async def test_a_process_that_stood_still_does_not_ask() -> None:
    """By the monotonic clock, or by the other, which goes on while a machine sleeps."""
    for decided_ago, ahead in ((ASK_WITHIN_SECONDS + 0.1, 0.0), (0.0, ASK_WITHIN_SECONDS + 0.1)):
        driven = Driven()
        driven.clock_is_ahead = ahead
        driven.begin(decided_ago=decided_ago)
        await driven.drains.finish()
        assert (driven.source.asked, driven.writer.written) == ([], [])
        assert (driven.ended, driven.counted("withdrawn")) == ([Unasked(drain_id="d-1")], 1)


@in_virtual_time
async def test_a_little_late_is_in_time() -> None:
    """A commit takes its time."""
    driven = Driven()
    driven.clock_is_ahead = ASK_WITHIN_SECONDS - 0.1
    driven.begin(decided_ago=ASK_WITHIN_SECONDS - 0.5)
    await driven.drains.finish()
    assert len(driven.source.asked) == 1


@in_virtual_time
async def test_a_clock_that_was_set_back_does_not_keep_it_from_asking() -> None:
    """Only time that passed makes it late."""
    driven = Driven()
    driven.clock_is_ahead = -3600.0
    driven.begin()
    await driven.drains.finish()
    assert len(driven.source.asked) == 1


@in_virtual_time
@pytest.mark.parametrize("kind", Failure)
async def test_without_an_answer_the_slot_is_told(kind: Failure) -> None:
    """Nothing is stored, and nothing is asked again."""
    driven = Driven(HttpFailure(kind))
    driven.begin()
    await driven.drains.finish()
    assert driven.ended == [NoAnswer(drain_id="d-1", why=kind.value)]
    assert (len(driven.source.asked), driven.writer.written, driven.counted(kind.value)) == (1, [], 1)


@in_virtual_time
async def test_what_came_before_an_answer_broke_off_is_stored() -> None:
    """Its reports are nowhere else; the record says that it was cut, and why."""
    driven = Driven(HttpFailure(Failure.TRUNCATED, HttpResponse(200, b'{"results":[')))
    driven.begin()
    await driven.drains.finish()
    part = part_of(fetched(driven.writer.written[0][0])[0])
    assert (part.cut, part.record.value, driven.ended) == ("truncated", b'{"results":[', [])


@in_virtual_time
async def test_an_answer_that_broke_off_before_its_body_is_none() -> None:
    """There is nothing to store."""
    driven = Driven(HttpFailure(Failure.TIMED_OUT, HttpResponse(200, b"")))
    driven.begin()
    await driven.drains.finish()
    assert (driven.writer.written, driven.ended) == ([], [NoAnswer(drain_id="d-1", why="timed_out")])


@in_virtual_time
async def test_an_error_that_nobody_expected_ends_the_drain_too() -> None:
    """Without an end the account would never be drained again."""
    driven = Driven(ValueError("a bug"))
    with capture_logs() as lines:
        driven.begin()
        await driven.drains.finish()
    assert driven.ended == [NoAnswer(drain_id="d-1", why="failed")]
    assert [(line["event"], line["error"]) for line in lines] == [("drain.failed", "ValueError")]


@in_virtual_time
async def test_a_body_is_kept_until_kafka_takes_it() -> None:
    """However long that takes; meanwhile no more may be read."""
    driven = Driven()
    driven.writer.open = False
    driven.begin()
    await asyncio.sleep(40)
    assert (driven.drains.held, driven.drains.delayed, driven.writer.written) == ({"d-1": ACCOUNT}, True, [])
    assert driven.metrics.registry.get_sample_value("relay_bodies_held") == 1
    driven.writer.open = True
    await driven.drains.finish()
    assert (driven.drains.held, driven.drains.delayed, len(driven.writer.written)) == ({}, False, 1)
    assert driven.metrics.registry.get_sample_value("relay_bodies_held") == 0


@in_virtual_time
async def test_kafka_counts_as_late_until_it_has_every_body() -> None:
    """One of two accounts' bodies that was taken doesn't let either drain."""
    driven = Driven()
    driven.writer.open = False
    driven.begin("d-1")
    await asyncio.sleep(0.5)
    driven.begin("d-2")
    await asyncio.sleep(10.3)
    driven.writer.open = True
    await asyncio.sleep(0.4)  # their attempts are half a second apart
    assert (list(driven.drains.held), driven.drains.delayed) == (["d-2"], True)
    await driven.drains.finish()
    assert not driven.drains.delayed


@in_virtual_time
async def test_the_parts_of_a_body_are_written_one_by_one() -> None:
    """So that a large body makes no larger request than its part."""
    driven = Driven()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(raw, "PART_BYTES", 1)
        driven.begin()
        await driven.drains.finish()
    assert [[record.value for record in records] for records in driven.writer.written] == [[b"m"], [b"-"], [b"1"]]


@in_virtual_time
async def test_who_waits_for_a_drain_waits_until_it_is_stored() -> None:
    """One that isn't under way here needs no waiting."""
    driven = Driven()
    driven.writer.open = False
    driven.begin()
    await driven.drains.ended("another")
    assert passed() < 0.1
    waiting = asyncio.create_task(driven.drains.ended("d-1"))
    await asyncio.sleep(60)
    assert not waiting.done()
    driven.writer.open = True
    await waiting
    assert len(driven.writer.written) == 1


@in_virtual_time
async def test_what_is_given_up_with_a_body_is_a_loss() -> None:
    """The process says so with its exit code; nothing goes on afterwards."""
    driven = Driven()
    driven.writer.open = False
    driven.begin()
    await asyncio.sleep(10)
    assert driven.drains.abandon()
    driven.writer.open = True
    await settled()
    await driven.drains.finish()
    assert driven.writer.written == []


@in_virtual_time
async def test_what_is_given_up_without_a_body_is_none() -> None:
    """The provider may have handed reports out, which is a gap for the next owner: the intent is still open."""
    driven = Driven()
    driven.begin()
    await asyncio.sleep(1)
    assert not driven.drains.abandon()
    await driven.drains.finish()
    assert (driven.ended, driven.writer.written) == ([], [])
    assert not driven.drains.abandon()
