"""Reading the topics of a real Kafka: what is committed, up to the end that was there; and a bar that stays away."""

import io
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from rich.console import Console

from relay.configuration import Settings
from relay.core.collecting import AccountState, Gap
from relay.core.decide import decide
from relay.core.items import Answered
from relay.explain.entries import Found
from relay.explain.reading import progress_shown, reads_of
from relay.explain.search import search
from relay.explain.timeline import explained
from relay.kafka.connection import client_options
from relay.slot.codec import encode_account, encode_state, event_value
from relay.slot.raw import raw_records
from tests.builders import NOON, a_failed_report, a_state, after, rules
from tests.explain.shelf import VOICE, a_response
from tests.infobip_pages import a_page, an_item

pytestmark = pytest.mark.kafka


async def a_producer(settings: Settings, transactional_id: str | None = None) -> AIOKafkaProducer:
    """Start a producer; with an id its records are parts of transactions."""
    producer = AIOKafkaProducer(**client_options(settings.kafka), transactional_id=transactional_id)
    await producer.start()
    return producer


async def all_of(settings: Settings, topic: str) -> list[Found]:
    """Read the only partition of a topic."""
    found: list[Found] = []
    async with reads_of(settings, client_options(settings.kafka)) as reads:
        await reads.read({(topic, 0)}, found.append)
    return found


async def test_what_is_open_or_aborted_is_not_told(settings: Settings) -> None:
    """Reading ends before a transaction that is open, and passes over one that was aborted."""
    producer = await a_producer(settings, uuid.uuid4().hex)
    topic = settings.topics.delivered
    try:
        async with producer.transaction():
            await producer.send_and_wait(topic, b"committed", partition=0)
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"aborted", partition=0)
        await producer.abort_transaction()
        assert [found.value for found in await all_of(settings, "delivered")] == [b"committed"]
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"open", partition=0)
        assert [found.value for found in await all_of(settings, "delivered")] == [b"committed"]
        await producer.abort_transaction()
    finally:
        await producer.stop()


async def test_an_empty_topic_and_a_missing_one_are_read_at_once(settings: Settings) -> None:
    """Neither is waited for; a missing one is not created."""
    assert await all_of(settings, "seen") == []
    other = settings.topics.model_copy(update={"raw": "no-such-topic"})
    async with reads_of(settings.model_copy(update={"topics": other}), client_options(settings.kafka)) as reads:
        assert reads.partitions("raw") == 0


async def test_a_collected_report_is_explained_from_the_topics(settings: Settings) -> None:
    """Kept answer, event and state of a collected account, and the gap that is open."""
    voice = rules(account="voice_eu", provider="infobip_voice", seen_channels=frozenset())
    verdict = decide(a_state(), Answered(report=a_failed_report(channel="voice")), after(1), voice)
    assert verdict.state is not None
    gap = Gap(first_at=NOON, last_at=after(30), drains=("d-1",), count=1, why="timed_out")
    names = settings.topics
    producer = await a_producer(settings)
    try:
        for record in raw_records(a_response(a_page(an_item(), an_item(messageId="m-2"))), names.raw, 0):
            await producer.send_and_wait(
                record.topic, record.value, key=record.key, partition=0, headers=record.headers
            )
        await producer.send_and_wait(names.failed, event_value(verdict.events[0]), key=b"m-1", partition=0)
        await producer.send_and_wait(names.state, encode_state(verdict.state), key=b"message/voice_eu/m-1")
        await producer.send_and_wait(names.state, encode_state(a_state(message_id="m-3")), key=b"message/voice_eu/m-3")
        await producer.send_and_wait(names.state, encode_account(AccountState(gaps=(gap,))), key=b"account/voice_eu")
    finally:
        await producer.stop()
    async with reads_of(settings, client_options(settings.kafka)) as reads:
        of_first = explained(await search(reads, [VOICE], "m-1", one_account=True), [VOICE], {}, after(60))
        of_third = explained(await search(reads, [VOICE], "m-3", one_account=True), [VOICE], {}, after(60))
    assert sorted(entry.kind for entry in of_first.entries) == ["event", "response", "state"]
    (response,) = (entry for entry in of_first.entries if entry.kind == "response")
    assert (response.details["count"], response.details["reports"][0]["outcome"]) == (2, "failed")
    assert sorted(entry.kind for entry in of_third.entries) == ["gap", "state"]


async def test_states_are_read_from_the_newest_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over many pieces, whose borders lie within batches, and over what was aborted, to the last of each key."""
    monkeypatch.setattr("relay.explain.backwards.PIECE_RECORDS", 7)
    monkeypatch.setattr("relay.explain.backwards.PIECES", 1_000)
    producer = await a_producer(settings, uuid.uuid4().hex)
    topic = settings.topics.state

    async def write(*records: tuple[bytes, bytes | None]) -> None:
        for future in [await producer.send(topic, value, key=key, partition=0) for key, value in records]:
            await future

    async def others(count: int) -> None:
        await write(*((b"other-%d" % number, b"x") for number in range(count)))

    try:
        async with producer.transaction():
            await write((b"rare", b"1"), (b"often", b"1"))
            await others(50)
            await write((b"often", b"2"), (b"gone", b"1"))
        await producer.begin_transaction()
        await write((b"often", b"aborted"), (b"rare", b"aborted"))
        await producer.abort_transaction()
        async with producer.transaction():
            await others(30)
            await write((b"often", b"3"), (b"often", b"4"), (b"gone", None))
            await others(12)
    finally:
        await producer.stop()
    shown: list[tuple[int, int]] = []
    async with reads_of(settings, client_options(settings.kafka)) as reads:
        monkeypatch.setattr(reads, "_progress", lambda done, total: shown.append((done, total)))
        newest = await reads.newest({("state", 0): [b"rare", b"often", b"gone", b"never"]})
        of_newest = list(shown)
        seen = [found.key for found in await reads.newest({("state", 0): [b"often"]})]
        everything: list[Found] = []
        await reads.read({("state", 0)}, everything.append)
    assert {found.key: found.value for found in newest} == {b"rare": b"1", b"often": b"4", b"gone": None}
    assert seen == [b"often"]
    assert len(everything) == 99
    assert of_newest == sorted(of_newest)
    assert of_newest[-1][0] == of_newest[-1][1]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return what it was set to."""
        return self.now


@pytest.mark.parametrize(("seconds", "shown"), [(0.1, False), (5.0, True)])
def test_a_bar_is_shown_if_it_takes_long(seconds: float, *, shown: bool) -> None:
    """A short reading leaves the terminal alone."""
    screen, clock = io.StringIO(), Clock()
    with progress_shown(Console(file=screen, force_terminal=True, width=80), clock) as progress:
        clock.now = seconds
        progress(5, 10)
    assert ("reading the topics" in screen.getvalue()) is shown


def test_no_bar_reaches_a_file(tmp_path: Path) -> None:
    """Where standard error is no terminal nothing is written."""
    screen = io.StringIO()
    with progress_shown(Console(file=screen)) as progress:
        progress(5, 10)
    assert screen.getvalue() == ""
