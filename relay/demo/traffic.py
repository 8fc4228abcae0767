"""What the demo sends: messages and calls with realistic lives, requests to look some up, one record that is none."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from relay.contracts.instants import format_instant
from relay.demo.staging import HYBER_ACCOUNT, LONGEST_LIFE_SECONDS, SPEED, VOICE_ACCOUNT
from relay.simulator.infobip_calls import CallEnd, VoiceCall
from relay.simulator.infobip_lives import with_life
from relay.simulator.life_cycles import Situation, life_cycle
from relay.simulator.messages import Message

MESSAGES_PER_SECOND = 35.0
CALLS_AMONG = 3  # every third is a call
UNANNOUNCED_AMONG = 4  # every fourth call is one that nobody tells the relay of
CALLS_IN_BULK = 10
MALFORMED = b'{"request_id": "demo-malformed", "account": '
REQUESTS_BEGIN_SECONDS = 1.0
REQUESTS_APART_SECONDS = 1.0
CUT_SECONDS = 3.0
UNANNOUNCED_AT_CUT = 3
COLLECT_AFTER_SECONDS = 1.0  # every call has ended by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A message for Hyber and, if it is `announced`, for `messages.sent.v1`; `at` in seconds from the start."""

    at: float
    message: Message
    announced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """A call for Infobip and, if it is `announced`, for `messages.sent.v1`; `at` in seconds from the start."""

    at: float
    call: VoiceCall
    announced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A value for the topic of fetch requests; `at` in seconds from the start."""

    at: float
    value: bytes


Act = Sending | Placing | Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Everything that is sent, in order of time, and the ids of two messages that are asked about.

    `republished` is to be published again in the end, `asked_once` stays pending and is not followed. From `cut_at` on
    an answer with voice reports is to be cut off.
    """

    acts: tuple[Act, ...]
    republished: str
    asked_once: str
    cut_at: float


def planned(random: Random, *, run: str, count: int) -> Traffic:
    """Plan `count` messages and calls, and beside them what is only asked about and calls that nobody mentions."""
    asked = [
        _life(random, run, "asked-by-message-id", Situation.SMS_DELIVERED),
        _life(random, run, "asked-by-extra-id", Situation.VIBER_SEEN),
        _life(random, run, "asked-once", Situation.FOREVER_PENDING),
    ]
    sent_seconds = count / MESSAGES_PER_SECOND
    cut_at = min(CUT_SECONDS, sent_seconds / 2)
    acts: list[Act] = [
        *(_numbered(random, run, number) for number in range(count)),
        *(Sending(at=0.0, message=message, announced=False) for message in asked),
        *_requests(*asked),
        *(Placing(at=cut_at, call=answered_call(random, run), announced=False) for _ in range(UNANNOUNCED_AT_CUT)),
        Asking(at=sent_seconds + COLLECT_AFTER_SECONDS, value=_asked(VOICE_ACCOUNT, "demo-collect")),
    ]
    return Traffic(
        acts=tuple(sorted(acts, key=lambda act: act.at)),
        republished=asked[0].message_id,
        asked_once=asked[2].message_id,
        cut_at=cut_at,
    )


def answered_call(random: Random, run: str) -> VoiceCall:
    """Draw a call whose report will be there soon."""
    return _call(random, f"demo-{run}-unannounced", CallEnd.ANSWERED)


def message_sent(message: Message, sent_at: float) -> bytes:
    """Announce a message; `sent_at` in epoch seconds."""
    return _announced(
        HYBER_ACCOUNT,
        message.message_id,
        message.phone_number,
        sent_at,
        extra_id=message.extra_id,
        channels=[channel.channel for channel in message.channels],
    )


def call_sent(call: VoiceCall, sent_at: float) -> bytes:
    """Announce a call; `sent_at` in epoch seconds."""
    return _announced(VOICE_ACCOUNT, call.message_id, call.phone_number, sent_at, bulk_id=call.bulk_id)


def republish(message_id: str) -> bytes:
    """Ask for what is already known of a message to be published again."""
    return _asked(HYBER_ACCOUNT, "demo-republish", message_id=message_id, republish=True)


def _numbered(random: Random, run: str, number: int) -> Act:
    at = number / MESSAGES_PER_SECOND
    if number % CALLS_AMONG:
        return Sending(at=at, message=_life(random, run, f"{number:04}"))
    which = number // CALLS_AMONG
    call = _call(random, f"demo-{run}-{which // CALLS_IN_BULK}")
    # What the provider never reports is given up only where somebody asked for it.
    return Placing(at=at, call=call, announced=not call.endings or which % UNANNOUNCED_AMONG != 1)


def _requests(by_message_id: Message, by_extra_id: Message, once: Message) -> Iterator[Asking]:
    values = (
        _asked(HYBER_ACCOUNT, "demo-by-message-id", message_id=by_message_id.message_id),
        _asked(HYBER_ACCOUNT, "demo-by-extra-id", extra_id=by_extra_id.extra_id),
        _asked(HYBER_ACCOUNT, "demo-once", message_id=once.message_id, follow=False),
        MALFORMED,
    )
    for number, value in enumerate(values):
        yield Asking(at=REQUESTS_BEGIN_SECONDS + number * REQUESTS_APART_SECONDS, value=value)


def _life(random: Random, run: str, name: str, situation: Situation | None = None) -> Message:
    """Draw a life that ends while the demo lasts; somebody who looks at a message the next day would hold it up."""
    while True:
        drawn = life_cycle(random, message_id=_id(random), extra_id=f"demo-{run}-{name}", situation=situation)
        if max(step.after_seconds for step in drawn.steps or ()) <= LONGEST_LIFE_SECONDS * SPEED:
            return drawn


def _call(random: Random, bulk_id: str, end: CallEnd | None = None) -> VoiceCall:
    """Draw a call that ends soon after it was placed, or is never reported."""
    while True:
        drawn = with_life(
            random,
            VoiceCall(
                message_id=_id(random), bulk_id=bulk_id, phone_number=f"38067{random.randrange(10**7):07}", end=end
            ),
        )
        if all(ending.after_seconds <= COLLECT_AFTER_SECONDS * SPEED for ending in drawn.endings or ()):
            return drawn


def _id(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _announced(account: str, message_id: str, recipient: str, sent_at: float, **facts: Any) -> bytes:
    known = {"account": account, "message_id": message_id, "recipient": recipient}
    return _json(known | {"sent_at": format_instant(datetime.fromtimestamp(sent_at, UTC))} | facts)


def _asked(account: str, request_id: str, **facts: Any) -> bytes:
    return _json({"request_id": request_id, "account": account} | facts)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
