"""What the demo sends: messages with realistic lives, requests to look some up, and one record that is no request."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from relay.contracts.instants import format_instant
from relay.demo.staging import ACCOUNT, LONGEST_LIFE_SECONDS, SPEED
from relay.simulator.life_cycles import Situation, life_cycle
from relay.simulator.messages import Message

MESSAGES_PER_SECOND = 35.0
MALFORMED = b'{"request_id": "demo-malformed", "account": '
REQUESTS_BEGIN_SECONDS = 1.0
REQUESTS_APART_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A message for the provider and, if it is `announced`, for `messages.sent.v1`; `at` in seconds from the start."""

    at: float
    message: Message
    announced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A value for the topic of fetch requests; `at` in seconds from the start."""

    at: float
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Everything that is sent, in order of time, and the ids of two messages that are asked about.

    `republished` is to be published again in the end, `asked_once` stays pending and is not followed.
    """

    acts: tuple[Sending | Asking, ...]
    republished: str
    asked_once: str


def planned(random: Random, *, run: str, count: int) -> Traffic:
    """Plan `count` announced messages, and three that are only asked about."""
    announced = [
        Sending(at=number / MESSAGES_PER_SECOND, message=_life(random, run, f"{number:04}")) for number in range(count)
    ]
    asked = [
        _life(random, run, "asked-by-message-id", Situation.SMS_DELIVERED),
        _life(random, run, "asked-by-extra-id", Situation.VIBER_SEEN),
        _life(random, run, "asked-once", Situation.FOREVER_PENDING),
    ]
    acts: list[Sending | Asking] = [
        *announced,
        *(Sending(at=0.0, message=message, announced=False) for message in asked),
        *(
            Asking(at=REQUESTS_BEGIN_SECONDS + number * REQUESTS_APART_SECONDS, value=value)
            for number, value in enumerate(_values(*asked))
        ),
    ]
    return Traffic(
        acts=tuple(sorted(acts, key=lambda act: act.at)),
        republished=asked[0].message_id,
        asked_once=asked[2].message_id,
    )


def message_sent(message: Message, sent_at: float) -> bytes:
    """Announce a message; `sent_at` in epoch seconds."""
    return _json(
        {
            "account": ACCOUNT,
            "message_id": message.message_id,
            "extra_id": message.extra_id,
            "recipient": message.phone_number,
            "channels": [channel.channel for channel in message.channels],
            "sent_at": format_instant(datetime.fromtimestamp(sent_at, UTC)),
        }
    )


def republish(message_id: str) -> bytes:
    """Ask for what is already known of a message to be published again."""
    return _json({"request_id": "demo-republish", "account": ACCOUNT, "message_id": message_id, "republish": True})


def _values(by_message_id: Message, by_extra_id: Message, once: Message) -> Iterator[bytes]:
    asked = {"account": ACCOUNT}
    yield _json(asked | {"request_id": "demo-by-message-id", "message_id": by_message_id.message_id})
    yield _json(asked | {"request_id": "demo-by-extra-id", "extra_id": by_extra_id.extra_id})
    yield _json(asked | {"request_id": "demo-once", "message_id": once.message_id, "follow": False})
    yield MALFORMED


def _life(random: Random, run: str, name: str, situation: Situation | None = None) -> Message:
    """Draw a life that ends while the demo lasts; somebody who looks at a message the next day would hold it up."""
    while True:
        drawn = life_cycle(
            random,
            message_id=str(uuid.UUID(int=random.getrandbits(128), version=4)),
            extra_id=f"demo-{run}-{name}",
            situation=situation,
        )
        if max(step.after_seconds for step in drawn.steps or ()) <= LONGEST_LIFE_SECONDS * SPEED:
            return drawn


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
