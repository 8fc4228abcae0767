"""Infobip voice on bad days: answers that did not come are found in the log, within its limits, each event once."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.checking import NOTHING
from tests.endtoend.voice_relay import drained, running_voices
from tests.polling import eventually
from tests.voice import LOG, Setup, VoiceAccount, an_id, in_seconds, page_of

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

HOUR = 3600.0

PLAIN = (
    "struck_thrice",
    "bulk",
    "single",
    "stranger",
    "overdue",
    "expiring",
    "unread",
    "weary",
    "throttled_log",
    "torn_log",
)
UNLOGGED = Setup(account={"logs_path": ""}, site=InfobipSite(logs_path=""))
SETUPS = {
    **dict.fromkeys(PLAIN, Setup()),
    "unlogged": UNLOGGED,
    "large": Setup(account={"limit": 1000}),
    "same_instant": Setup(account={"limit": 5}),
    "in_xml": Setup(account={"accept": "xml"}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with running_voices(kafka, tmp_path_factory.mktemp("gaps"), SETUPS) as made:
        yield made


async def test_a_gap_whose_filter_was_a_bulk_is_looked_up(accounts: dict[str, VoiceAccount]) -> None:
    """Nothing is pending: the request alone made the drain, and its answer is cut."""
    account = accounts["bulk"]
    account.strike("cut")
    account.call(bulk_id="b&2")
    calls = account.calls(3, bulk_id="b&1")
    await account.fetch(bulk_id="b&1")
    await account.told_all(calls, "delivered", "answered")
    await account.gapless()
    assert account.handed_out() == set(calls)


async def test_a_gap_whose_filter_was_a_message_is_looked_up(accounts: dict[str, VoiceAccount]) -> None:
    """A request that follows nothing still gets its answer, for a lost answer is none."""
    account = accounts["single"]
    account.strike("truncated")
    message_id = account.call()
    await account.fetch(message_id=message_id, follow=False, request_id="mine")
    for event in await account.told(message_id, "delivered", "answered"):
        assert event["request_id"] == "mine"
    await account.gapless()


async def test_a_gap_of_a_drain_that_nobody_waits_for_is_looked_up(accounts: dict[str, VoiceAccount]) -> None:
    """Calls that nobody asked about, some of them placed almost two days ago, are found in the log."""
    account = accounts["stranger"]
    now = time.time()
    account.strike("cut")
    calls = [
        account.call(ended(hours * HOUR, CallEnd.ANSWERED), sent_at=now - hours * HOUR) for hours in (0, 1, 20, 40, 47)
    ]
    await account.fetch()
    await account.told_all(calls, "delivered", "answered")
    assert await account.findings() == NOTHING
    await account.gapless()


async def test_gaps_one_after_the_other_lose_nothing(accounts: dict[str, VoiceAccount]) -> None:
    """Three drains in a row are cut while new reports keep coming."""
    account = accounts["struck_thrice"]
    for kind in ("cut", "reset", "hang"):
        account.strike(kind)
    calls = [account.call(ended(number / 10, CallEnd.ANSWERED)) for number in range(40)]
    for message_id in calls[:5]:
        await account.sent(message_id)
    await asyncio.gather(*(account.fetch() for _ in range(3)))
    await account.told_all(calls[:5], "delivered", "answered")
    await eventually(lambda: time.time() > account.simulator.knew_at(calls[-1])["delivered"], what="the last report")
    await drained(account)
    await account.told_all(calls, "delivered", "answered")
    assert await account.findings() == NOTHING
    await account.gapless()


async def test_a_gap_larger_than_a_page_of_the_log_is_looked_up_whole(accounts: dict[str, VoiceAccount]) -> None:
    """A thousand reports are lost of 1,200 in the log: its answer has the latest thousand only."""
    account = accounts["large"]
    now = time.time()
    account.strike("cut")
    calls = [
        account.call(ended(60, CallEnd.BUSY), sent_at=now - 120 - 60 * number, bulk_id="b") for number in range(1200)
    ]
    await account.fetch()
    await account.told_all(calls, "failed", seconds=40)
    assert await account.findings() == NOTHING
    await account.gapless()


async def test_calls_of_one_instant_are_found_whatever_the_accounts_limit(accounts: dict[str, VoiceAccount]) -> None:
    """Thirty calls sent in the same millisecond can't be told apart by any window of time."""
    account = accounts["same_instant"]
    sent_at = time.time() - 60
    account.strike("cut", times=6)
    calls = account.calls(30, ended(30, CallEnd.BUSY), sent_at=sent_at)
    for message_id in calls:
        await account.sent(message_id)
    await account.told_all(calls, "failed", seconds=40)
    await account.gapless()


async def test_a_log_in_xml_serves_as_well(accounts: dict[str, VoiceAccount]) -> None:
    """The account's form holds for the log, too."""
    account = accounts["in_xml"]
    account.strike("cut")
    message_id = account.call(bulk_id="b")
    await account.sent(message_id)
    await account.told(message_id, "delivered", "answered")
    await account.gapless()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("weary", {"kind": "status", "status": 503, "times": 2}),
        ("throttled_log", {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 2}),
    ],
)
async def test_a_log_that_fails_is_asked_again(
    accounts: dict[str, VoiceAccount], name: str, fault: dict[str, Any]
) -> None:
    """The gap stays until the log has answered."""
    account = accounts[name]
    account.strike(account=LOG, **fault)
    account.strike("cut")
    calls = account.calls(2)
    await account.fetch()
    await account.told_all(calls, "delivered", "answered", seconds=30)
    assert account.looked >= 3
    await account.gapless()


async def test_an_answer_of_the_log_that_breaks_off_is_not_all_of_it(accounts: dict[str, VoiceAccount]) -> None:
    """A whole HTTP answer whose JSON ends in the middle: the log is asked again for what it did not say."""
    account = accounts["torn_log"]
    account.strike("cut")
    calls = account.calls(10)
    whole = page_of(account.simulator, InfobipSite(), log=True)
    account.strike("raw", LOG, body=whole[: len(whole) // 2])
    await account.fetch()
    await account.told_all(calls, "delivered", "answered")
    await account.gapless()


async def test_without_a_log_a_gap_is_told_and_life_goes_on(accounts: dict[str, VoiceAccount]) -> None:
    """What was cut is never heard of, so its message expires; what comes later is collected; no log is asked for."""
    account = accounts["unlogged"]
    account.strike("cut")
    lost = account.call()
    await account.sent(lost, ttl_seconds=4)
    await eventually(account.handed_out, what="struck drain")
    later = account.call(ended(0.2, CallEnd.BUSY))
    await account.sent(later)
    await account.told(later, "failed")
    (failed,) = await account.told(lost, "failed")
    assert (failed["inferred"], failed["reason"]["category"]) == (True, "no_report")
    assert {lookup.path for lookup in account.simulator.lookups} == {"/tts/3/reports"}


async def test_a_report_that_someone_else_took_is_found_when_it_is_overdue(accounts: dict[str, VoiceAccount]) -> None:
    """Messages sent long ago are looked up in the log by their ids, many at a time, and the rest stays pending."""
    account = accounts["overdue"]
    now = time.time()
    taken = account.calls(400, ended(60, CallEnd.BUSY), sent_at=now - 400)
    pending = account.calls(100, ended(4000, CallEnd.BUSY), sent_at=now - 400)
    page_of(account.simulator, InfobipSite())
    assert len(account.handed_out()) == 400
    await asyncio.gather(*(account.sent(one, sent_at=in_seconds(-400)) for one in taken + pending))
    await account.told_all(taken, "failed", seconds=60)
    assert account.looked < 30  # and no more than two in a second, which the module's end holds it to
    assert not any(account.relay.events(one) for one in pending)


async def test_a_report_that_someone_else_took_is_found_before_its_message_expires(
    accounts: dict[str, VoiceAccount],
) -> None:
    """At `expires_at` the log is asked once more, and knows better than to infer a failure."""
    account = accounts["expiring"]
    message_id, unknown = account.call(), an_id()
    page_of(account.simulator, InfobipSite())
    for one in (message_id, unknown):
        await account.fetch(message_id=one, expires_at=in_seconds(2), request_id="late")
    for event in await account.told(message_id, "delivered", "answered"):
        assert (event["request_id"], event["inferred"]) == ("late", False)
    (failed,) = await account.told(unknown, "failed")
    assert failed["reason"]["category"] == "not_found"


async def test_what_the_log_told_first_is_not_published_again_by_a_drain(accounts: dict[str, VoiceAccount]) -> None:
    """An overdue call whose report is still unread: whichever comes first, the other changes nothing."""
    account = accounts["unread"]
    account.strike("status", status=503, times=3)
    calls = account.calls(5, ended(60, CallEnd.ANSWERED), sent_at=time.time() - 400)
    for message_id in calls:
        await account.sent(message_id, sent_at=in_seconds(-400))
    await account.told_all(calls, "delivered", "answered")
    await drained(account)
    assert await account.findings() == NOTHING
