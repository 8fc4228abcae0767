"""Infobip voice from outside: records in, records out, each account with a simulated provider of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from relay.core.identity import event_id
from relay.kafka.embedded import EmbeddedKafka
from relay.simulator.infobip import NESTED_PATH, InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import Family, ended
from tests.checking_calls import NOTHING
from tests.published import assert_well_published
from tests.running import eventually
from tests.voice import (
    Setup,
    VoiceAccount,
    a_sample,
    an_id,
    assert_limits_kept,
    at_once,
    in_seconds,
    nothing_for,
    voices,
)

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

KEYED = InfobipSite(api_key="a key/with=signs")
NESTED = InfobipSite(path=NESTED_PATH)
FORMS: Mapping[str, Setup] = {
    "json": Setup(),
    "json_of_2015": Setup(site=InfobipSite(edition=2015, offset_minutes=60)),
    "xml": Setup(account={"accept": "xml"}),
    "xml_of_results": Setup(account={"accept": "xml"}, site=InfobipSite(xml_layout="results", offset_minutes=-330)),
    "xml_of_2015": Setup(account={"accept": "xml"}, site=InfobipSite(edition=2015)),
    "nested": Setup(account={"path": NESTED_PATH}, site=NESTED),
    "nested_xml": Setup(account={"path": NESTED_PATH, "accept": "xml"}, site=NESTED),
    "app": Setup(account={"auth": "app", "api_key": KEYED.api_key}, site=replace(KEYED, auth="app")),
    "bearer": Setup(account={"auth": "bearer", "api_key": KEYED.api_key}, site=replace(KEYED, auth="bearer")),
}
QUIET = ("idle", "finished", "filters", "bulks", "limited", "following_nothing", "unfollowed", "crowd")
SETUPS = {**FORMS, **dict.fromkeys(QUIET, Setup()), "paged": Setup(account={"limit": 5})}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with voices(kafka.bootstrap_servers, tmp_path_factory.mktemp("voice"), SETUPS) as made:
        relay = made["json"].relay
        replica = await relay.started()
        yield made
        await relay.quiet()
        for record in a_sample(relay.seen):
            assert_well_published(record, relay.partitions)
        for account in made.values():
            assert_limits_kept(account)
        assert made["idle"].simulator.stats().requests == 0
        assert replica.running
        assert not replica.lines("turn.failed")
        assert await replica.terminated() == 0


@pytest.fixture
def account(accounts: dict[str, VoiceAccount]) -> VoiceAccount:
    """Give the plainest account."""
    return accounts["json"]


# Forms


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_tells_the_same(accounts: dict[str, VoiceAccount], form: str) -> None:
    """JSON and XML, flat and nested, with every way to log in: an answered and a busy call, in all their fields."""
    account = accounts[form]
    fields: dict[str, Any] = {"bulk_id": an_id(), "phone_number": "491751234567", "callback_data": "order 17 <&> ü"}
    taken = account.call(at_once(dtmf="7", duration_seconds=61), **fields)
    busy = account.call(at_once(CallEnd.BUSY, family="10xxx"), price=None, mcc_mnc=None, **fields)
    for message_id in (taken, busy):
        await account.fetch(message_id=message_id, request_id=f"r-{form}", correlation_id="c-ü")
    delivered, answered = await account.told(taken, "delivered", "answered")
    (failed,) = await account.told(busy, "failed")
    assert [delivered["sequence"], answered["sequence"], failed["sequence"]] == [1, 2, 1]
    for event in (delivered, answered, failed):
        _assert_who(event, account, fields["bulk_id"])
        assert event["callback_data"] == (None if form.endswith("2015") else fields["callback_data"])
    for event in (delivered, answered):
        assert event["price"] == {"amount": "0.01", "currency": "EUR", "per": "second"}
        assert (event["mcc_mnc"], event["reason"]) == ("21901", None)
        _assert_call(event["call"], form)
        assert event["provider_status"]["status"]["name"] == "DELIVERED_TO_HANDSET"
        assert event["provider_status"]["error"]["id"] == 5000
        truth = account.simulator.knew_at(taken)
        assert truth["delivered"] == pytest.approx(_epoch(event["occurred_at"]), abs=0.002)
    assert (failed["price"], failed["mcc_mnc"], failed["call"]["outcome"]) == (None, None, "busy")
    assert (failed["reason"]["category"], failed["reason"]["code"], failed["reason"]["name"]) == (
        "busy",
        "10201",
        "BUSY",
    )


def _assert_who(event: dict[str, Any], account: VoiceAccount, bulk_id: str) -> None:
    assert (event["account"], event["provider"], event["channel"]) == (account.name, "infobip_voice", "voice")
    assert (event["bulk_id"], event["extra_id"], event["recipient"]) == (bulk_id, None, "4917******67")
    assert (event["request_id"], event["correlation_id"]) == (f"r-{account.name}", "c-ü")
    assert (event["final"], event["inferred"], event["supersedes"]) == (True, False, None)
    assert (event["attempts"], event["clicks"], event["sms_parts"]) == ([], None, None)
    assert event["event_id"] == event_id(
        provider="infobip_voice",
        account=account.name,
        message_id=event["message_id"],
        extra_id=None,
        event_type=event["type"],
        inferred=False,
    )


def _assert_call(call: dict[str, Any], form: str) -> None:
    assert (call["outcome"], call["duration_seconds"], call["dtmf"]) == ("answered", 61, "7")
    assert call["charged_seconds"] == (120 if form.startswith("nested") else None)
    instants = [call["started_at"], call["answered_at"], call["ended_at"]]
    assert (None in instants) is form.endswith("2015")


def _epoch(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


ENDS: Mapping[CallEnd, tuple[tuple[str, ...], str, str | None]] = {
    CallEnd.ANSWERED: (("delivered", "answered"), "answered", None),
    CallEnd.MACHINE: (("delivered", "answered"), "machine", None),
    CallEnd.NO_ANSWER: (("failed",), "no_answer", "no_answer"),
    CallEnd.BUSY: (("failed",), "busy", "busy"),
    CallEnd.DECLINED: (("failed",), "declined", "declined"),
    CallEnd.UNAVAILABLE: (("failed",), "unavailable", "unavailable"),
    CallEnd.CANCELED: (("failed",), "canceled", "undeliverable"),
    CallEnd.REJECTED: (("failed",), "failed", "rejected"),
}


@pytest.mark.parametrize("family", ["5xxx", "10xxx"])
async def test_every_end_of_a_call_has_its_events(account: VoiceAccount, family: Family) -> None:
    """One drain of whatever is unread tells them all, in the older codes and in the newer ones."""
    calls = {end: account.call(at_once(end, family=family), callback_data="null") for end in CallEnd}
    await account.fetch()
    for end, message_id in calls.items():
        types, outcome, category = ENDS[end]
        for event in await account.told(message_id, *types):
            assert (event["call"]["outcome"], event["callback_data"]) == (outcome, None), end
            assert event["reason"] == (None if category is None else event["reason"] | {"category": category}), end


async def test_a_call_that_reached_only_the_operator_is_pending(account: VoiceAccount) -> None:
    """3/2 publishes nothing, nor does a group that nobody knows; the status after them does."""
    answered = at_once()
    operator = replace(answered.status, id=2, name="DELIVERED_TO_OPERATOR")
    new = replace(answered.status, group_id=77, group_name="NEW", id=777, name="NEW_STATUS")
    endings = [replace(answered, status=status, answered_by=None) for status in (operator, new)]
    calls = [account.call(early, ended(1.5, CallEnd.ANSWERED)) for early in endings]
    for message_id in calls:
        await account.sent(message_id)
    await eventually(lambda: set(calls) <= account.handed_out(), what="early reports")
    for message_id in calls:
        delivered, _ = await account.told(message_id, "delivered", "answered")
        assert delivered["provider_status"]["status"]["id"] == 5
    (replica,) = account.relay.replicas
    assert replica.lines("report.unmapped")


# Who is told of


async def test_a_sent_message_is_followed_by_drains(account: VoiceAccount) -> None:
    """Nobody asks: the account is drained while the message is pending, and the events carry its facts."""
    message_id = account.call(ended(1.2, CallEnd.ANSWERED), bulk_id="b")
    await account.sent(message_id, bulk_id="b", correlation_id="c-1", recipient="385981178", channels=["Voice"])
    delivered, answered = await account.told(message_id, "delivered", "answered")
    assert (answered["request_id"], answered["correlation_id"]) == (None, "c-1")
    assert delivered["recipient"] == "3859***78"


async def test_reports_of_messages_that_nobody_asked_about_are_published(account: VoiceAccount) -> None:
    """They come with what was asked for, and have neither request nor correlation id."""
    strangers = account.calls(3)
    mine = account.call()
    await account.sent(mine, correlation_id="mine")
    await account.told(mine, "delivered", "answered")
    for stranger in strangers:
        delivered, answered = await account.told(stranger, "delivered", "answered")
        assert (delivered["sequence"], answered["sequence"]) == (1, 2)
        assert {event[key] for event in (delivered, answered) for key in ("request_id", "correlation_id")} == {None}


async def test_what_was_collected_before_it_was_asked_for_is_known(account: VoiceAccount) -> None:
    """A request about a call whose report was taken along earlier publishes nothing, or the same if it says so."""
    message_id = account.call()
    await account.fetch()
    before = await account.told(message_id, "delivered", "answered")
    await account.sent(message_id)
    await account.fetch(message_id=message_id)
    await account.fetch(message_id=message_id, republish=True)
    after = await account.told(message_id, "delivered", "delivered", "answered", "answered")
    assert after == [before[0], before[0], before[1], before[1]]


async def test_the_same_report_twice_changes_nothing(account: VoiceAccount) -> None:
    """In one page, in a later one, and with another time."""
    message_id = account.call()
    account.call(message_id=message_id)
    await account.fetch()
    first = await account.told(message_id, "delivered", "answered")
    account.call(message_id=message_id)
    await account.fetch()
    await eventually(lambda: len(_reports(account, message_id)) == 3, what="third report")
    await _settled(account)
    assert account.relay.events(message_id) == first


def _reports(account: VoiceAccount, message_id: str) -> list[float]:
    return [report.done_at for report in account.simulator.handed_out() if report.message_id == message_id]


async def _settled(account: VoiceAccount) -> None:
    """Wait until a call that was placed now is told of: everything unread before it was read before it."""
    last = account.call()
    await account.fetch()
    await account.told(last, "delivered", "answered")


async def test_a_failure_is_corrected_and_points_to_what_it_replaces(account: VoiceAccount) -> None:
    """`delivered` supersedes the reported `failed`."""
    message_id = account.call(at_once(CallEnd.NO_ANSWER), ended(0.8, CallEnd.ANSWERED))
    await account.fetch(message_id=message_id)
    (failed,) = await account.told(message_id, "failed")
    await eventually(account.simulator.unread, what="correction")
    await account.fetch()
    _, delivered, answered = await account.told(message_id, "failed", "delivered", "answered")
    assert (delivered["supersedes"], answered["supersedes"]) == (failed["event_id"], None)


async def test_a_delivery_is_not_taken_back(account: VoiceAccount) -> None:
    """A later failure is logged, not published."""
    message_id = account.call(at_once(), ended(0.8, CallEnd.BUSY))
    await account.fetch(message_id=message_id)
    first = await account.told(message_id, "delivered", "answered")
    await eventually(lambda: account.simulator.unread() > 0, what="contradiction")
    await _settled(account)
    assert account.relay.events(message_id) == first
    (replica,) = account.relay.replicas
    assert any(line["message"] == message_id for line in replica.lines("report.contradicted"))


# What is asked, and when


async def test_a_message_id_asks_for_that_message_alone(accounts: dict[str, VoiceAccount]) -> None:
    """What else is unread stays so; a bulk_id beside it must fit, too."""
    account = accounts["filters"]
    other, wanted, fitting = account.call(), account.call(), account.call(bulk_id="b 1")
    await account.fetch(message_id=wanted, follow=False)
    await account.told(wanted, "delivered", "answered")
    await account.fetch(message_id=fitting, bulk_id="another", follow=False)
    await eventually(lambda: account.asked == 2, what="second drain")
    await account.fetch(message_id=fitting, bulk_id="b 1", follow=False)
    await account.told(fitting, "delivered", "answered")
    assert account.handed_out() == {wanted, fitting}
    assert account.relay.events(other) == []


async def test_a_bulk_id_asks_for_that_bulk_alone(accounts: dict[str, VoiceAccount]) -> None:
    """All of it is told, nothing else is touched."""
    account = accounts["bulks"]
    other, bulk = account.call(bulk_id="b&2"), account.calls(3, bulk_id="b&1")
    await account.fetch(bulk_id="b&1")
    await account.told_all(bulk, "delivered", "answered")
    await nothing_for(1.2, lambda: account.asked)
    assert (account.asked, account.handed_out()) == (1, set(bulk))
    assert account.relay.events(other) == []


async def test_a_drain_goes_on_until_a_page_is_not_full(accounts: dict[str, VoiceAccount]) -> None:
    """23 at limit 5 are five pages; 10 are two and an empty one."""
    account = accounts["paged"]
    for count, pages, asked in ((23, [5, 5, 5, 5, 3], 5), (10, [5, 5], 3)):
        before, asked_before = len(account.pages()), account.asked
        calls = account.calls(count)
        await account.fetch()
        await account.told_all(calls, "delivered", "answered")
        await nothing_for(0.7, lambda: account.asked)
        assert [len(page) for page in account.pages()[before:]] == pages
        assert account.asked == asked_before + asked


async def test_a_request_may_bring_its_own_limit(accounts: dict[str, VoiceAccount]) -> None:
    """Five unread at a limit of two are three pages."""
    account = accounts["limited"]
    calls = account.calls(5)
    await account.fetch(limit=2)
    await account.told_all(calls, "delivered", "answered")
    assert [len(page) for page in account.pages()] == [2, 2, 1]


async def test_a_request_without_message_id_follows_nothing(accounts: dict[str, VoiceAccount]) -> None:
    """It is one drain, with whatever it brought; what comes later waits for the next request."""
    account = accounts["following_nothing"]
    await account.fetch()
    await eventually(lambda: account.asked == 1, what="drain")
    account.call(bulk_id="b")
    await account.fetch(bulk_id="empty")
    await eventually(lambda: account.asked == 2, what="second drain")
    await nothing_for(1.5, lambda: account.asked)
    assert (account.simulator.unread(), account.published()) == (1, [])
    assert account.looked == 0


async def test_an_account_without_pending_messages_is_not_asked(accounts: dict[str, VoiceAccount]) -> None:
    """Neither at the start, nor once the last pending message is settled."""
    account, idle = accounts["finished"], accounts["idle"]
    message_id = account.call(ended(0.7, CallEnd.BUSY))
    await account.sent(message_id)
    await account.told(message_id, "failed")
    idle.call()
    await nothing_for(1.6, lambda: account.asked + account.looked + idle.simulator.stats().requests)


async def test_pending_messages_are_drained_for_at_the_accounts_pace(account: VoiceAccount) -> None:
    """Every `drain_seconds`, not more often, however many are pending."""
    calls = account.calls(20, ended(3, CallEnd.BUSY))
    for message_id in calls:
        await account.sent(message_id)
    await account.relay.quiet()
    before = account.asked
    await account.told_all(calls, "failed")
    assert 2 <= account.asked - before <= 8


async def test_a_request_that_follows_nothing_infers_nothing(accounts: dict[str, VoiceAccount]) -> None:
    """`follow: false` ends with the first answer, though it said nothing of the message."""
    account = accounts["unfollowed"]
    message_id = account.call(ended(2, CallEnd.ANSWERED))
    await account.fetch(message_id=message_id, follow=False, expires_at=in_seconds(1))
    await eventually(lambda: account.asked, what="drain")
    await nothing_for(2.5, lambda: account.asked)
    assert (account.asked, account.relay.events(message_id)) == (1, [])


async def test_a_hundred_requests_at_once_are_one_drain_per_filter(accounts: dict[str, VoiceAccount]) -> None:
    """While the first is under way all others gather; then each filter is asked for once."""
    account = accounts["crowd"]
    account.strike("delay", delay_seconds=1.5)
    first, one, bulk = account.call(), account.call(bulk_id="other"), account.calls(2, bulk_id="b")
    await account.fetch(message_id=first, follow=False)
    await eventually(lambda: account.simulator.stats().in_flight, what="first drain")
    filters: list[dict[str, Any]] = [{}, {"bulk_id": "b"}, {"message_id": one, "follow": False}, {"limit": 50}]
    await asyncio.gather(*(account.fetch(**filters[number % 4]) for number in range(100)))
    await account.told_all([first, one, *bulk], "delivered", "answered")
    await nothing_for(1, lambda: account.asked)
    assert account.asked <= 1 + len(filters)
    assert await account.findings() == NOTHING


# Expiry


async def test_a_pending_call_expires_without_a_report(account: VoiceAccount) -> None:
    """The provider knows it but says nothing until its time is over; a later word supersedes the inference."""
    message_id = account.call(ended(4, CallEnd.ANSWERED))
    await account.sent(message_id, ttl_seconds=1)
    (failed,) = await account.told(message_id, "failed")
    assert (failed["reason"]["category"], failed["inferred"], failed["final"]) == ("no_report", True, False)
    await eventually(lambda: account.simulator.unread() or message_id in account.handed_out(), what="late report")
    await account.fetch()
    _, delivered, answered = await account.told(message_id, "failed", "delivered", "answered")
    assert (delivered["supersedes"], delivered["sequence"]) == (failed["event_id"], 2)
    assert answered["supersedes"] is None


async def test_a_call_that_the_provider_never_knew_is_not_found(account: VoiceAccount) -> None:
    """The log, asked by its id when it expires, doesn't have it."""
    message_id = an_id()
    await account.fetch(message_id=message_id, expires_at=in_seconds(1.5), request_id="gone")
    (failed,) = await account.told(message_id, "failed")
    assert (failed["reason"]["category"], failed["inferred"], failed["final"]) == ("not_found", True, False)
    assert (failed["request_id"], failed["message_id"]) == ("gone", message_id)


# Bad input


@pytest.mark.parametrize(
    ("topic", "fields", "code"),
    [
        ("fetch_requests", {"extra_id": "x"}, "foreign_field"),
        ("fetch_requests", {"detail": "simple", "message_id": "m"}, "foreign_field"),
        ("fetch_requests", {"limit": 1001}, "invalid_field"),
        ("messages_sent", {"extra_id": "x", "sent_at": "2026-11-22T08:00:00Z"}, None),
    ],
)
async def test_what_voice_does_not_know_is_refused_by_name(
    account: VoiceAccount, topic: str, fields: dict[str, Any], code: str | None
) -> None:
    """Fields of the other provider, and a sent message without message_id, become dead letters."""
    key = an_id().encode()
    value = {"request_id": "r", "account": account.name, **fields}
    await account.relay.send(topic, value, key=key)
    letter = await eventually(
        lambda: next((one for one in account.relay.letters() if one["key"] == key.decode()), None), what="dead letter"
    )
    assert code in (None, letter["reason"]["code"])
    assert any(name in letter["reason"]["message"] for name in (*fields, "message_id"))
