"""What Infobip voice is asked, and when: one drain for many requests, page after page, and nothing without a reason."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.checking import NOTHING
from tests.endtoend.voice_relay import running_voices
from tests.polling import eventually
from tests.voice import DRAIN_SECONDS, Setup, VoiceAccount, in_seconds, nothing_for, still_for

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

PLAIN = ("plain", "idle", "finished", "filters", "bulks", "limited", "following_nothing", "unfollowed", "crowd")
SETUPS = {**dict.fromkeys(PLAIN, Setup()), "paged": Setup(account={"limit": 5})}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with running_voices(kafka, tmp_path_factory.mktemp("asking"), SETUPS) as made:
        yield made
        await made["idle"].relay.quiet()
        assert made["idle"].simulator.stats().requests == 0


@pytest.fixture
def account(accounts: dict[str, VoiceAccount]) -> VoiceAccount:
    """Give the plainest account."""
    return accounts["plain"]


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
        await eventually(lambda: account.asked >= asked_before + asked, what="last page")  # noqa: B023 - awaited here
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
    before, began = account.asked, time.monotonic()
    calls = account.calls(20, ended(3, CallEnd.BUSY))
    for message_id in calls:
        await account.sent(message_id)
    await account.relay.quiet()
    await account.told_all(calls, "failed")
    assert 2 <= account.asked - before <= (time.monotonic() - began) / DRAIN_SECONDS + 2


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
    await still_for(1, lambda: account.asked)
    assert account.asked <= 1 + len(filters)
    assert await account.findings() == NOTHING
