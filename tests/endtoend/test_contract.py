"""What becomes of a message, from outside: records in, records out, with the simulator in the provider's place."""

from datetime import datetime

import pytest

from relay.core.identity import event_id
from relay.simulator import steps
from relay.simulator.messages import Channel, Message
from tests.endtoend.sending import a_message, an_id, in_seconds, passed
from tests.polling import eventually
from tests.running import World

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

VIBER_THEN_SMS = (Channel(channel="viber", ttl=60), Channel(channel="sms", ttl=300))


@pytest.mark.parametrize("detail", ["simple", "advanced", None])
async def test_a_fetch_by_message_id_publishes_what_the_provider_knows(relay: World, detail: str | None) -> None:
    """Either report says the same of a delivered SMS; only the advanced one, the default, names attempts."""
    message_id = a_message(relay, steps.delivered(0, "sms", sms_parts=2), extra_id=an_id(), phone_number="491751234567")
    await relay.fetch(message_id=message_id, request_id="req-7", detail=detail)
    (event,) = await relay.told(message_id, "delivered")
    assert event["event_id"] == event_id(
        provider="hyber", account="main", message_id=message_id, extra_id=None, event_type="delivered", inferred=False
    )
    assert (event["sequence"], event["channel"], event["request_id"]) == (1, "sms", "req-7")
    assert (event["final"], event["inferred"], event["supersedes"], event["reason"]) == (True, False, None, None)
    assert (event["recipient"], event["sms_parts"]) == ("4917******67", {"total": 2, "delivered": 2})
    assert event["provider_status"] == {"status": 2, "substatus": 23, "hyber_status": 23011}
    assert [attempt["channel"] for attempt in event["attempts"]] == ([] if detail == "simple" else ["sms"])
    assert relay.simulator.knew_at(message_id)["delivered"] == pytest.approx(_epoch(event["occurred_at"]), abs=0.002)


def _epoch(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


async def test_a_fetch_by_extra_id_becomes_the_message_and_its_alias_serves_the_next(relay: World) -> None:
    """Events carry both ids and the message_id as key; a second request by extra_id finds what was published."""
    extra_id = an_id()
    message_id = a_message(relay, steps.delivered(0, "push"), extra_id=extra_id)
    await relay.fetch(extra_id=extra_id, request_id="first", correlation_id="c-1")
    (event,) = await relay.told(message_id, "delivered")
    assert (event["extra_id"], event["request_id"], event["correlation_id"]) == (extra_id, "first", "c-1")
    await relay.fetch(extra_id=extra_id, republish=True)
    assert (await relay.told(message_id, "delivered", "delivered"))[1] == event


async def test_a_republish_by_an_extra_id_that_was_unknown_publishes_again(relay: World) -> None:
    """What is known of a message under its message_id is republished when its extra_id is asked for first."""
    extra_id = an_id()
    message_id = a_message(relay, steps.delivered(0, "sms"), extra_id=extra_id)
    await relay.fetch(message_id=message_id)
    await relay.told(message_id, "delivered")
    await relay.fetch(extra_id=extra_id, republish=True)
    first, second = await relay.told(message_id, "delivered", "delivered")
    assert first == second


async def test_a_sent_message_by_extra_id_takes_nothing_from_a_request(relay: World) -> None:
    """A MessageSent that turns out to be about a message already asked for keeps the request's ids."""
    extra_id = an_id()
    message_id = a_message(relay, steps.accepted(0), steps.delivered(2.5, "sms"), extra_id=extra_id)
    await relay.fetch(message_id=message_id, request_id="asked", correlation_id="asked-c")
    await relay.quiet()
    await relay.send("messages_sent", {"account": "main", "extra_id": extra_id, "sent_at": in_seconds(-1)})
    (event,) = await relay.told(message_id, "delivered")
    assert (event["request_id"], event["correlation_id"]) == ("asked", "asked-c")


async def test_a_sent_message_is_followed_to_delivered_and_seen(relay: World) -> None:
    """Nobody asks again: pending, delivered and seen are found by the relay's own timers."""
    message_id = a_message(relay, steps.accepted(0), steps.delivered(0.8, "viber"), steps.seen(2, "viber"))
    sent = {"account": "main", "message_id": message_id, "sent_at": in_seconds(0), "channels": ["Viber"]}
    await relay.send("messages_sent", {**sent, "recipient": "380501112233", "correlation_id": "ü-1"})
    delivered, seen = await relay.told(message_id, "delivered", "seen")
    assert (delivered["sequence"], seen["sequence"]) == (1, 2)
    assert not delivered["inferred"]
    assert (seen["correlation_id"], seen["request_id"], seen["supersedes"]) == ("ü-1", None, None)


async def test_a_failed_channel_is_an_attempt_while_another_may_deliver(relay: World) -> None:
    """Viber runs out, SMS delivers: one event, two attempts in order, the first with its reason."""
    script = (steps.expired(0, "viber"), steps.in_process(0.1, "sms"), steps.delivered(1, "sms"))
    message_id = a_message(relay, *script, channels=VIBER_THEN_SMS)
    await relay.fetch(message_id=message_id)
    (event,) = await relay.told(message_id, "delivered")
    viber, sms = event["attempts"]
    assert (viber["channel"], viber["status"], viber["reason"]["category"]) == ("viber", "failed", "expired")
    assert viber["reason"]["code"] == "35015"
    assert (sms["channel"], sms["status"], sms["reason"]) == ("sms", "delivered", None)


async def test_a_message_that_fails_on_every_channel_failed(relay: World) -> None:
    """The event is reported and final, with the provider's own code as text."""
    script = (steps.expired(0, "viber"), steps.number_incorrect(0.1, "sms"))
    message_id = a_message(relay, *script, channels=VIBER_THEN_SMS)
    await relay.fetch(message_id=message_id)
    (event,) = await relay.told(message_id, "failed")
    assert (event["final"], event["inferred"], event["channel"]) == (True, False, "sms")
    assert (event["reason"]["category"], event["reason"]["code"]) == ("invalid_recipient", "36024")


async def test_seen_first_infers_the_delivery(relay: World) -> None:
    """`delivered` is published before a first-seen `seen`, inferred and final."""
    message_id = a_message(relay, steps.seen(0, "whatsapp"))
    await relay.fetch(message_id=message_id)
    delivered, seen = await relay.told(message_id, "delivered", "seen")
    assert (delivered["inferred"], delivered["final"], seen["inferred"]) == (True, True, False)
    assert [delivered["sequence"], seen["sequence"]] == [1, 2]


async def test_a_message_unknown_until_it_expires_is_not_found_and_a_later_word_supersedes(relay: World) -> None:
    """The inferred failed is not final; what the provider says afterwards replaces it."""
    message_id = an_id()
    await relay.fetch(message_id=message_id, expires_at=in_seconds(1))
    (failed,) = await relay.told(message_id, "failed")
    assert (failed["inferred"], failed["final"], failed["reason"]["category"]) == (True, False, "not_found")
    relay.simulator.send(Message(message_id=message_id, steps=(steps.delivered(0, "sms"),)))
    await relay.fetch(message_id=message_id)
    _, delivered = await relay.told(message_id, "failed", "delivered")
    assert (delivered["supersedes"], delivered["sequence"]) == (failed["event_id"], 2)


async def test_an_unknown_extra_id_expires_under_its_own_name(relay: World) -> None:
    """`message_id` stays null; key and subject are the extra_id."""
    extra_id = an_id()
    await relay.fetch(extra_id=extra_id, expires_at=in_seconds(1))
    (failed,) = await relay.told(extra_id, "failed")
    assert (failed["message_id"], failed["extra_id"]) == (None, extra_id)
    assert failed["event_id"] == event_id(
        provider="hyber", account="main", message_id=None, extra_id=extra_id, event_type="failed", inferred=True
    )


async def test_a_pending_message_expires_without_a_report(relay: World) -> None:
    """A known message whose time to live is over is `no_report`, not `not_found`."""
    message_id = a_message(relay, steps.accepted(0))
    sent = {"account": "main", "message_id": message_id, "sent_at": in_seconds(0), "ttl_seconds": 1}
    await relay.send("messages_sent", sent)
    (failed,) = await relay.told(message_id, "failed")
    assert (failed["reason"]["category"], failed["inferred"], failed["final"]) == ("no_report", True, False)


async def test_a_request_that_follows_nothing_infers_nothing(relay: World) -> None:
    """`follow: false` ends at the first conclusive answer, and pending is one."""
    message_id = a_message(relay, steps.accepted(0), steps.delivered(2.5, "sms"))
    await relay.fetch(message_id=message_id, follow=False, expires_at=in_seconds(1))
    lookups = await eventually(lambda: _asked(relay, message_id), what="lookup")
    await passed(3)
    assert _asked(relay, message_id) == lookups == 1
    assert relay.events(message_id) == []


def _asked(relay: World, message_id: str) -> int:
    return sum(lookup.message_id == message_id for lookup in relay.simulator.lookups)


async def test_a_correction_from_failed_to_delivered_supersedes(relay: World) -> None:
    """The provider takes a reported failure back; the failure stays and is pointed to."""
    message_id = a_message(relay, steps.expired(0, "sms"), steps.delivered(1, "sms"))
    await relay.fetch(message_id=message_id)
    (failed,) = await relay.told(message_id, "failed")
    await passed(1)
    await relay.fetch(message_id=message_id)
    _, delivered = await relay.told(message_id, "failed", "delivered")
    assert delivered["supersedes"] == failed["event_id"]
