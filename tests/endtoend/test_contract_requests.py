"""What a request brings along, from outside: its ids, its fields, its repetition, and how much is shown of whom."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from relay.kafka.embedded.broker import EmbeddedKafka
from relay.simulator import steps
from tests.endtoend.sending import a_message, an_id, passed
from tests.polling import eventually
from tests.running import World, world

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_a_republish_repeats_the_same_events_once(relay: World) -> None:
    """The same ids and sequences come again, and a repeated record of the same request changes nothing."""
    message_id = a_message(relay, steps.seen(0, "viber"))
    await relay.fetch(message_id=message_id)
    before = await relay.told(message_id, "delivered", "seen")
    for _ in range(2):
        await relay.fetch(message_id=message_id, request_id="again", republish=True)
    after = await relay.told(message_id, "delivered", "delivered", "seen", "seen")
    assert after == [before[0], before[0], before[1], before[1]]


async def test_events_carry_the_ids_of_the_newest_request(relay: World) -> None:
    """The second request's ids replace the first's while the message is pending."""
    message_id = a_message(relay, steps.accepted(0), steps.delivered(2, "sms"))
    await relay.fetch(message_id=message_id, request_id="old", correlation_id="old-c")
    await relay.quiet()
    await relay.fetch(message_id=message_id, request_id="new", correlation_id="new-c")
    (event,) = await relay.told(message_id, "delivered")
    assert (event["request_id"], event["correlation_id"]) == ("new", "new-c")


@pytest.mark.parametrize(("field", "expected"), [(None, "from-header-ü"), ("from-field", "from-field")])
async def test_a_correlation_id_header_counts_where_the_field_is_missing(
    relay: World, field: str | None, expected: str
) -> None:
    """The field goes before the header; the event has it as field and header."""
    message_id = a_message(relay, steps.delivered(0, "sms"))
    request = {"request_id": "r", "account": "main", "message_id": message_id, "correlation_id": field}
    headers = [("other", b"x"), ("correlation-id", "from-header-ü".encode())]
    await relay.send("fetch_requests", request, headers=headers, key=b"any")
    (event,) = await relay.told(message_id, "delivered")
    assert event["correlation_id"] == expected


async def test_unknown_fields_are_accepted_and_named(relay: World) -> None:
    """A field of a later version stops nothing and is logged by name, without its value."""
    message_id = a_message(relay, steps.delivered(0, "sms"))
    await relay.fetch(message_id=message_id, colour_of_tomorrow="secret-blue")
    await relay.told(message_id, "delivered")
    (replica,) = relay.replicas
    await eventually(
        lambda: any(line["names"] == ["colour_of_tomorrow"] for line in replica.lines("fields.ignored")),
        what="fields.ignored",
    )
    assert "secret-blue" not in replica.log.read_text()


async def test_many_requests_for_one_message_in_one_batch_publish_once(relay: World) -> None:
    """Forty records about one message, by both ids, are one event."""
    extra_id = an_id()
    message_id = a_message(relay, steps.delivered(0, "sms"), extra_id=extra_id)
    ids = [{"message_id": message_id}, {"extra_id": extra_id}] * 20
    await asyncio.gather(*(relay.fetch(**one) for one in ids))
    await relay.told(message_id, "delivered")
    await relay.quiet()
    await passed(1)
    assert Counter(event["event_id"] for event in relay.events(message_id)).most_common(1)[0][1] == 1


async def test_privacy_decides_what_is_shown_of_the_recipient(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """`clear` shows the whole number, `omitted` none."""

    async def shown(how: str) -> str | None:
        async with world(
            kafka.bootstrap_servers, tmp_path, partitions=1, sections=f'[privacy]\nrecipients = "{how}"'
        ) as private:
            message_id = a_message(private, steps.delivered(0, "sms"), phone_number="491751234567")
            await private.started()
            await private.fetch(message_id=message_id)
            recipient: str | None = (await private.told(message_id, "delivered"))[0]["recipient"]
            return recipient

    clear, omitted = await asyncio.gather(shown("clear"), shown("omitted"))
    assert (clear, omitted) == ("491751234567", None)
