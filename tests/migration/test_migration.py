"""Internal topics get another partition count: what was known is known, what waited goes on, nothing comes twice."""

import re
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from relay.configuration import TopicSettings
from relay.core.items import Requested
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.records import Outgoing
from relay.simulator import steps
from relay.simulator.messages import Message
from relay.slot.publishing import Publishing
from relay.slot.raw import StoredResponse, raw_records
from tests.builders import a_request
from tests.infobip_pages import DELIVERED, a_page, an_item
from tests.polling import eventually
from tests.running import World
from tests.voice import Setup, VoiceAccount, in_seconds, voices

pytestmark = pytest.mark.kafka

OLD, NEW = 4, 7
INTERNAL = ("inbox", "raw", "state")
REFUSED = {
    ("accounts.main", "accounts.other"): "accounts.main: has states and is not configured",
    (".group", ".group2"): "relay.group: differs",
    (f".state.p{NEW}", ".state"): "topics.state: is the same in both configurations",
}
"""What the new configuration gets wrong, and what is said of it."""


def new_names(relay: World) -> dict[str, str]:
    """Return the environment that changes a world's configuration as the migration needs it."""
    names = {f"RELAY_TOPICS__{name.upper()}": f"{relay.topics[name]}.p{NEW}" for name in INTERNAL}
    return {**names, "RELAY_RELAY__PARTITIONS": str(NEW)}


def migrated(relay: World, changed: tuple[str, str] = ("", "")) -> "subprocess.CompletedProcess[str]":
    """Run the migration of a world's topics; `changed`: a text of the new configuration, and what it becomes."""
    old = relay._config()
    text = old.read_text()
    for name in INTERNAL:
        text = text.replace(f'"{relay.topics[name]}"', f'"{relay.topics[name]}.p{NEW}"')
    text = text.replace(f"partitions = {OLD}", f"partitions = {NEW}")
    text = text.replace(*changed) if changed[0] else text
    new = old.with_name("new.toml")
    new.write_text(text)
    command = [sys.executable, "-m", "relay", "topics", "migrate", "--config", str(old), "--to", str(new)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


async def written(relay: World, name: str, record: Outgoing) -> None:
    """Put a record into an internal topic of a relay that is stopped."""
    await relay.producer.send_and_wait(
        relay.topics[name], record.value, record.key, partition=record.partition, headers=record.headers
    )


async def left_undecided(relay: World, voice: VoiceAccount, message_id: str, call_id: str) -> None:
    """Leave a request in the inbox and an answer in the raw topic that no owner took any more."""
    publishing = Publishing(TopicSettings(), {voice.name})
    publishing.partitions_are({TopicSettings().inbox: OLD})
    now = datetime.now(UTC)
    request = a_request(
        account="main", message_id=message_id, received_at=now, anchor_at=now, expires_at=now + timedelta(hours=1)
    )
    await written(relay, "inbox", publishing.inbox_records([Requested(request=request)])[0])
    page = a_page(an_item(messageId=call_id, status=DELIVERED, doneAt=in_seconds(0)))
    response = StoredResponse(
        response_id=str(uuid.uuid4()),
        account=voice.name,
        status=200,
        url="https://x.api.infobip.example/tts/3/reports?limit=50",
        content_type="application/json",
        retry_after=None,
        asked_at=now,
        answered_at=now,
        body=page,
    )
    partition = publishing.inbox_records([Requested(request=a_request(account=voice.name, message_id=call_id))])[
        0
    ].partition
    await written(relay, "raw", raw_records(response, relay.topics["raw"], partition)[0])


async def known(relay: World, ids: Mapping[str, str]) -> None:
    """Hold that what was published of messages is remembered: the same events come again, and no others."""
    before = {message_id: relay.events(message_id) for message_id in ids}
    for message_id, field in ids.items():
        await relay.fetch(**{field: message_id}, republish=True)
    for message_id in ids:
        again = len(before[message_id]) * 2
        await eventually(lambda: len(relay.events(message_id)) >= again, what=f"{message_id} again")  # noqa: B023
        assert facts(relay.events(message_id)) == sorted(facts(before[message_id]) * 2)


def facts(events: Iterable[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    """Return what tells an event that is remembered from one that is concluded anew: that has the same id, too."""
    return [(event["sequence"], event["event_id"], event["observed_at"]) for event in events]


async def test_everything_goes_on_in_topics_of_another_partition_count(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Finished and pending messages by both ids, calls, and records that nobody had decided."""
    async with voices(kafka.bootstrap_servers, tmp_path, {"voice": Setup()}) as accounts:
        voice = accounts["voice"]
        relay = voice.relay
        first = await relay.started()
        finished = {f"m-{number}": "message_id" for number in range(30)}
        aliased = {f"x-{number}": "extra_id" for number in range(10)}
        for number, one in enumerate(finished):
            relay.simulator.send(
                Message(message_id=one, steps=(steps.delivered(0, "viber"), steps.seen(0.1, "viber"))[: 1 + number % 2])
            )
        for one in aliased:
            relay.simulator.send(Message(message_id=f"m-of-{one}", extra_id=one, steps=(steps.delivered(0, "sms"),)))
        pending, forgotten, waiting = "m-pending", "m-in-inbox", "call-in-raw"
        relay.simulator.send(Message(message_id=pending, steps=(steps.accepted(0), steps.delivered(15, "sms"))))
        relay.simulator.send(Message(message_id=forgotten, steps=(steps.delivered(0, "sms"),)))
        for one, field in {**finished, **aliased, pending: "message_id"}.items():
            await relay.fetch(**{field: one})
        call = voice.call()
        await voice.sent(call)
        await voice.sent(waiting)
        for number, one in enumerate(finished):
            await relay.told(one, *(["delivered"] if number % 2 == 0 else ["delivered", "seen"]))
        for one in aliased:
            await relay.told(one, "delivered")
        await voice.told(call, "delivered", "answered")
        await relay.quiet()

        refused = migrated(relay)
        assert refused.returncode == 1
        assert "has members; stop every replica" in refused.stderr
        assert await first.terminated() == 0
        await left_undecided(relay, voice, forgotten, waiting)

        for wrong, why in REFUSED.items():
            refused = migrated(relay, wrong)
            assert (refused.returncode, why in refused.stderr) == (1, True), refused.stderr

        done = migrated(relay)
        assert (done.returncode, done.stderr) == (0, "")
        copied = {
            name: int(count) for count, name in re.findall(r"copied: (\d+) records to \S+\.(\w+)\.p7", done.stdout)
        }
        assert copied.keys() == set(INTERNAL)
        assert min(copied.values()) > 0
        again = migrated(relay)
        assert again.returncode == 1
        assert "hold records already" in again.stderr

        second = await relay.started(environment=new_names(relay))
        await relay.told(pending, "delivered", seconds=30)
        await relay.told(forgotten, "delivered")
        await voice.told(waiting, "delivered")
        await known(relay, {**finished, **aliased})
        assert len(relay.events(pending)) == len(relay.events(forgotten)) == 1
        assert not relay.letters()
        assert await second.terminated() == 0
