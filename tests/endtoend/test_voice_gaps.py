"""Infobip voice on bad days: answers that did not come are found in the log, within its limits, each event once."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from relay.core.identity import event_id
from relay.kafka.embedded import EmbeddedKafka
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.checking_calls import NOTHING
from tests.published import assert_well_published
from tests.running import eventually, eventually_async
from tests.voice import (
    LOG,
    Setup,
    VoiceAccount,
    a_sample,
    an_id,
    assert_limits_kept,
    at_once,
    in_seconds,
    page_of,
    voices,
)

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

LAUNCHER = (str(Path(__file__).parent.parent / "slot" / "failpoints.py"),)
HOUR = 3600.0

FAULTS: Mapping[str, dict[str, Any]] = {
    "hang": {"kind": "hang"},
    "hang_before": {"kind": "hang", "consumes": False},
    "reset": {"kind": "reset"},
    "reset_before": {"kind": "reset", "consumes": False},
    "cut": {"kind": "cut"},
    "truncated": {"kind": "truncated"},
    "drip": {"kind": "drip", "drip_seconds": 0.1},
    "gzip": {"kind": "gzip"},
    "garbage": {"kind": "garbage", "consumes": True},
    "garbage_before": {"kind": "garbage"},
    "html": {"kind": "html", "consumes": True},
    "oversized": {"kind": "oversized", "consumes": True},
    "empty": {"kind": "raw", "body": b"", "consumes": True},
    "another_object": {"kind": "raw", "body": b"{}", "consumes": True},
    "error_body": {"kind": "error_body", "consumes": True},
    "error_body_before": {"kind": "error_body"},
    "redirect": {"kind": "status", "status": 302, "headers": {"Location": "/elsewhere"}, "consumes": True},
    "forbidden_before": {"kind": "status", "status": 403},
    "throttled": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "consumes": True},
    "throttled_before": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "server_error": {"kind": "status", "status": 500, "consumes": True},
    "server_error_before": {"kind": "status", "status": 503},
    "bad_gateway": {"kind": "status", "status": 502, "body": b"<html>", "consumes": True},
    "wrong_type": {"kind": "content_type", "content_type": "text/plain"},
}
PLAIN = (
    "struck_thrice",
    "bulk",
    "single",
    "stranger",
    "overdue",
    "expiring",
    "refused",
    "unread",
    "weary",
    "throttled_log",
    "torn_log",
)
UNLOGGED = Setup(account={"logs_path": ""}, site=InfobipSite(logs_path=""))
SETUPS = {
    **{f"after_{name}": Setup() for name in FAULTS},
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
    """Give the accounts of a relay that comes back to a refusing provider after a second, not a minute."""
    async with voices(kafka.bootstrap_servers, tmp_path_factory.mktemp("gaps"), SETUPS) as made:
        relay = made["large"].relay
        replica = await relay.started(LAUNCHER, environment={"REFUSED_SECONDS": "1"})
        yield made
        await relay.quiet()
        for record in a_sample(relay.seen):
            assert_well_published(record, relay.partitions)
        for account in made.values():
            assert_limits_kept(account)
        assert replica.running
        assert not replica.lines("turn.failed")
        assert await replica.terminated() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def struck(accounts: dict[str, VoiceAccount]) -> Mapping[str, tuple[VoiceAccount, list[str]]]:
    """Let each account's first drain meet its fault, all at the same time; give the calls that it was about."""
    calls: dict[str, tuple[VoiceAccount, list[str]]] = {}
    for name, fault in FAULTS.items():
        account = accounts[f"after_{name}"]
        account.strike(**fault)
        calls[name] = account, [account.call(bulk_id="b"), account.call(at_once(CallEnd.BUSY), bulk_id="b")]
        await account.sent(calls[name][1][0])
    return calls


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_a_fault_kept_back_is_published_all_the_same(
    struck: Mapping[str, tuple[VoiceAccount, list[str]]], fault: str
) -> None:
    """The pending call and the one that nobody asked about, from the log or from the next drain; the gap is gone."""
    account, (mine, stranger) = struck[fault]
    for event in await account.told(mine, "delivered", "answered"):
        assert event["event_id"] == event_id(
            provider="infobip_voice",
            account=account.name,
            message_id=mine,
            extra_id=None,
            event_type=event["type"],
            inferred=False,
        )
        assert (event["call"]["outcome"], event["price"]["amount"]) == ("answered", "0.01")
    (failed,) = await account.told(stranger, "failed")
    assert (failed["request_id"], failed["reason"]["category"]) == (None, "busy")
    await _drained(account)
    assert await account.findings() == NOTHING
    await account.gapless()


async def _drained(account: VoiceAccount) -> None:
    """Ask until nothing is unread."""

    async def empty() -> bool:
        if account.simulator.unread():
            await account.fetch()
        return not account.simulator.unread()

    await eventually_async(empty, what="drain to the end")


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
    await _drained(account)
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


async def test_refused_credentials_keep_everything_pending(accounts: dict[str, VoiceAccount]) -> None:
    """401 consumes nothing and is no gap; once mended the reports are drained, without a look into the log."""
    account = accounts["refused"]
    account.strike("status", status=401, times=2)
    message_id, stranger = account.call(), account.call()
    await account.sent(message_id)
    await account.told(message_id, "delivered", "answered")
    await account.told(stranger, "delivered", "answered")
    (replica,) = account.relay.replicas
    paused = [line for line in replica.lines("account.paused") if line["account"] == account.name]
    assert paused
    assert len(account.pages()) == 1
    await account.gapless()


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
    await _drained(account)
    assert await account.findings() == NOTHING
