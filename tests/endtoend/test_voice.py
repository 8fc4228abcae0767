"""Infobip voice from outside: whose reports are published, what changes them, how waiting ends, what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.endtoend.voice_relay import running_voices
from tests.polling import eventually
from tests.voice import Setup, VoiceAccount, an_id, at_once, in_seconds

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

SETUPS = {"plain": Setup()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with running_voices(kafka, tmp_path_factory.mktemp("voice"), SETUPS) as made:
        yield made


@pytest.fixture
def account(accounts: dict[str, VoiceAccount]) -> VoiceAccount:
    """Give the plainest account."""
    return accounts["plain"]


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


async def _corrected(account: VoiceAccount, message_id: str) -> None:
    """Drain until the call's second report was read and dealt with."""
    while len(_reports(account, message_id)) < 2:
        await _settled(account)
    await _settled(account)


async def test_a_failure_is_corrected_and_points_to_what_it_replaces(account: VoiceAccount) -> None:
    """`delivered` supersedes the reported `failed`."""
    message_id = account.call(at_once(CallEnd.NO_ANSWER), ended(0.8, CallEnd.ANSWERED))
    await account.fetch(message_id=message_id)
    (failed,) = await account.told(message_id, "failed")
    await _corrected(account, message_id)
    _, delivered, answered = await account.told(message_id, "failed", "delivered", "answered")
    assert (delivered["supersedes"], answered["supersedes"]) == (failed["event_id"], None)


async def test_a_delivery_is_not_taken_back(account: VoiceAccount) -> None:
    """A later failure is logged, not published."""
    message_id = account.call(at_once(), ended(0.8, CallEnd.BUSY))
    await account.fetch(message_id=message_id)
    first = await account.told(message_id, "delivered", "answered")
    await _corrected(account, message_id)
    assert account.relay.events(message_id) == first
    (replica,) = account.relay.replicas
    await eventually(
        lambda: any(line["message"] == message_id for line in replica.lines("report.contradicted")),
        what="report.contradicted",
    )


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
