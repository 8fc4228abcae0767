"""Infobip voice in all its forms: JSON and XML, flat and nested, every login and every end of a call."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from relay.core.identity import event_id
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip import NESTED_PATH, InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import Family, ended
from tests.endtoend.voice_relay import running_voices
from tests.polling import eventually
from tests.voice import Setup, VoiceAccount, an_id, at_once

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with running_voices(kafka, tmp_path_factory.mktemp("forms"), FORMS) as made:
        yield made


@pytest.fixture
def account(accounts: dict[str, VoiceAccount]) -> VoiceAccount:
    """Give the plainest account."""
    return accounts["json"]


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
    await eventually(lambda: replica.lines("report.unmapped"), what="report.unmapped")
