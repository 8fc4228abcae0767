"""Pages of Infobip voice as they are stored and read: whole, with their facts, and record by record."""

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator.infobip import InfobipSite
from relay.simulator.infobip_calls import CallEnd
from relay.simulator.infobip_endings import ended
from tests.checking import NOTHING
from tests.endtoend.voice_relay import running_voices
from tests.polling import eventually
from tests.voice import Setup, VoiceAccount, an_id, at_once, nothing_for, page_of

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

PART_BYTES = 8 * 1_048_576
SETUPS = {
    **dict.fromkeys(("broken", "hollow", "stored", "half_read", "cut_short"), Setup()),
    "broken_xml": Setup(account={"accept": "xml"}),
    "large": Setup(account={"limit": 1000, "timeout_seconds": 10}),
    "large_xml": Setup(account={"limit": 1000, "timeout_seconds": 10, "accept": "xml"}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def accounts(
    kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, VoiceAccount]]:
    """Give the accounts of a running relay; at its end hold everything that it did to the contract."""
    async with running_voices(kafka, tmp_path_factory.mktemp("pages"), SETUPS) as made:
        yield made


UNREADABLE = (
    b'{ "to" : "385981178",\t"status":{"id":5, "groupId":3} }',
    b'{"messageId":"no status"}',
    b'{"messageId": {"a": 1}, "status": {"groupId": 3}, "comment": "\xff\xfe"}',
    b'["an", "array"]',
    b'"text"',
)


async def test_a_record_that_cannot_be_read_costs_the_others_nothing(accounts: dict[str, VoiceAccount]) -> None:
    """Each becomes a dead letter with its own bytes, which names the raw record; all others are published."""
    account = accounts["broken"]
    calls = account.calls(20)
    good = [json.dumps(one).encode() for one in json.loads(page_of(account.simulator, InfobipSite()))["results"]]
    records = [*good[:7], *UNREADABLE[:2], *good[7:], *UNREADABLE[2:]]
    body = b'{"results" :[' + b" , ".join(records) + b"]}\n"
    account.strike("raw", body=body)
    await account.fetch()
    await account.told_all(calls, "delivered", "answered")
    await eventually(lambda: len(_letters(account)) >= len(UNREADABLE), what="dead letters")
    letters = _letters(account)
    (stored,) = [one for one in await account.bodies() if one.body == body]
    assert sorted(map(_payload, letters)) == sorted(UNREADABLE)
    for letter in letters:
        source = letter["source"]
        assert (letter["reason"]["code"], letter["key"]) == ("unreadable_report", account.name)
        assert (source["topic"], source["partition"]) == (account.relay.topics["raw"], stored.partition)
        assert (source["offset"],) == stored.offsets
        assert "385981178" not in letter["reason"]["message"]
    assert len({letter["dead_letter_id"] for letter in letters}) == len(UNREADABLE)
    assert not (await account.kept()).get("gaps")


def _letters(account: VoiceAccount) -> list[dict[str, Any]]:
    return [letter for letter in account.relay.letters() if letter["key"] == account.name]


def _payload(letter: dict[str, Any]) -> bytes:
    text: str = letter["payload"]
    if letter["payload_encoding"] == "base64":
        return base64.b64decode(text)
    return text.encode()


async def test_a_record_of_xml_that_cannot_be_read_costs_the_others_nothing(
    accounts: dict[str, VoiceAccount],
) -> None:
    """The same in XML: the letter holds the element."""
    account = accounts["broken_xml"]
    good, stranger = account.call(), account.call(at_once(CallEnd.BUSY))
    bad = "<result><to>385981178</to><status><id>5</id><groupId>3</groupId></status></result>"
    first, second = (_result_in_xml(account, message_id) for message_id in (good, stranger))
    body = f"<reportResponse><results>{first}{bad}{second}</results></reportResponse>"
    account.strike("raw", body=body.encode(), content_type="application/xml")
    await account.fetch()
    await account.told(good, "delivered", "answered")
    await account.told(stranger, "failed")
    (letter,) = await eventually(lambda: _letters(account), what="dead letter")
    assert (letter["reason"]["code"], letter["payload"]) == ("unreadable_report", bad)


def _result_in_xml(account: VoiceAccount, message_id: str) -> str:
    delivered = account.simulator.call_truth()[message_id].outcome == "delivered"
    group, status, error = (3, 5, 5000) if delivered else (4, 15, 5002)
    escaped = message_id.replace("&", "&amp;")
    return (
        f"<result><messageId>{escaped}</messageId><doneAt>2026-11-22T08:00:00.000+0000</doneAt>"
        f"<status><id>{status}</id><groupId>{group}</groupId></status>"
        f"<error><id>{error}</id></error></result>"
    )


async def test_a_page_cut_short_in_its_text_gives_what_it_has_and_is_looked_up(
    accounts: dict[str, VoiceAccount],
) -> None:
    """A whole HTTP answer whose JSON ends in the middle: nothing of it is lost for good."""
    account = accounts["cut_short"]
    calls = account.calls(10)
    body = page_of(account.simulator, InfobipSite())
    account.strike("raw", body=body[: len(body) * 2 // 3])
    await account.fetch()
    for message_id in calls:
        await account.sent(message_id, ttl_seconds=5)
    await account.told_all(calls, "delivered", "answered")


async def test_what_came_before_an_answer_broke_off_is_read(accounts: dict[str, VoiceAccount]) -> None:
    """The log has no `callbackData` and no key presses, so the reports that came are worth more than their entries."""
    account = accounts["half_read"]
    account.strike("truncated")
    calls = account.calls(20, at_once(dtmf="5"), callback_data="order")
    await account.fetch()
    await account.told_all(calls, "delivered", "answered")
    told = [(event["callback_data"], event["call"]["dtmf"]) for event in account.published()]
    assert set(told) == {("order", "5"), (None, None)}
    assert told.count(("order", "5")) in range(14, 21)
    assert await account.findings() == NOTHING
    assert _letters(account) == []
    await account.gapless()


async def test_empty_collections_say_nothing(accounts: dict[str, VoiceAccount]) -> None:
    """No event, no dead letter, no gap, no look into the log; the message stays pending until its report comes."""
    account = accounts["hollow"]
    message_id = account.call(ended(1.5, CallEnd.ANSWERED))
    for body in (b'{"results": []}', b'{"results": null}', b"<reportResponse><results/></reportResponse>"):
        account.strike("raw", body=body)
    await account.sent(message_id)
    await account.told(message_id, "delivered", "answered")
    assert (account.looked, _letters(account)) == (0, [])
    assert await account.findings() == NOTHING
    await account.gapless()


async def test_every_answer_is_stored_as_it_came_with_its_facts(accounts: dict[str, VoiceAccount]) -> None:
    """Bytes, status, address without credentials, form and instants; also an answer that is an error."""
    account = accounts["stored"]
    refusal = b"<html>sorry</html>"
    account.strike("html", status=503, body=refusal, headers={"Retry-After": "1"})
    message_id = account.call(bulk_id="b & ü", callback_data="x" * 300)
    await account.fetch(message_id=message_id, bulk_id="b & ü", limit=7, follow=False)
    await account.told(message_id, "delivered", "answered")
    bodies = {one.headers["status"]: one for one in await account.bodies()}
    assert {"200", "503"} == bodies.keys()
    assert (bodies["503"].body, bodies["503"].headers["content_type"]) == (refusal, "text/html")
    assert bodies["503"].headers["retry_after"] == "1"
    assert [one["messageId"] for one in json.loads(bodies["200"].body)["results"]] in ([message_id], [])
    for one in bodies.values():
        asked_at, answered_at = (datetime.fromisoformat(one.headers[name]) for name in ("asked_at", "answered_at"))
        assert time.time() - 60 < asked_at.timestamp() <= answered_at.timestamp() < time.time() + 1
        url = urlsplit(one.headers["url"])
        assert f"{url.scheme}://{url.netloc}{url.path}" == f"{account.simulator.url}/tts/3/reports"
        assert parse_qs(url.query) == {"bulkId": ["b & ü"], "messageId": [message_id], "limit": ["7"]}
        assert not any("password" in value or "Basic" in value for value in one.headers.values())


@pytest.mark.parametrize("name", ["large", "large_xml"])
async def test_a_body_larger_than_a_record_is_stored_whole_and_read_back_whole(
    accounts: dict[str, VoiceAccount], name: str
) -> None:
    """A thousand reports with long `callbackData` travel in parts; each is published, its text complete."""
    account = accounts[name]
    texts = {account.call(at_once(CallEnd.BUSY), callback_data=(text := _text(number))): text for number in range(1000)}
    await account.fetch()
    await eventually(lambda: len(account.published()) >= len(texts), seconds=60, what="events")
    assert {event["message_id"]: event["callback_data"] for event in account.published()} == texts
    bodies = [one for one in await account.bodies() if len(one.body) > PART_BYTES]
    assert [int(one.headers["parts"]) for one in bodies] == [-(-len(bodies[0].body) // PART_BYTES)]
    assert await account.findings() == NOTHING
    assert account.looked == 0
    await nothing_for(1, lambda: len(account.published()))


def _text(number: int) -> str:
    """Return a text that is none of the others', is cut by a part's end within a character, and compresses little."""
    return f"{number}:" + "".join(f"{number * 7919 + digit * 104729:x}й" for digit in range(1100)) + an_id()
