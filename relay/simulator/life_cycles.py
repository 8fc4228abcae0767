"""Invents realistic life cycles: which channels were tried, what became of them, and after how many seconds.

Gives the same message for the same random state. Never reads a clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from relay.simulator import steps
from relay.simulator.messages import DEFAULT_TTL_SECONDS, Channel, Message, Step


class Situation(StrEnum):
    """What happens to a message."""

    SMS_DELIVERED = "sms_delivered"
    VIBER_SEEN = "viber_seen"
    VIBER_DELIVERED = "viber_delivered"
    VIBER_TEMPLATE_SEEN = "viber_template_seen"
    VIBER_THEN_SMS = "viber_then_sms"
    WHATSAPP_SEEN = "whatsapp_seen"
    SMS_EXPIRED = "sms_expired"
    BOTH_FAILED = "both_failed"
    NUMBER_INCORRECT = "number_incorrect"
    FOREVER_PENDING = "forever_pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Script:
    weight: int
    channels: tuple[str, ...]
    write: Callable[[Random], tuple[Step, ...]]


def life_cycle(
    random: Random,
    *,
    message_id: str,
    extra_id: str | None = None,
    sent_at: float | None = None,
    situation: Situation | None = None,
) -> Message:
    """Invent what becomes of a message, in the situation given or in one drawn from a realistic mix."""
    script = _SCRIPTS[situation or random.choices(_SITUATIONS, _WEIGHTS)[0]]
    return Message(
        message_id=message_id,
        extra_id=extra_id,
        phone_number=f"38067{random.randrange(10**7):07}",
        channels=tuple(Channel(channel=name, ttl=DEFAULT_TTL_SECONDS[name]) for name in script.channels),
        sent_at=sent_at,
        steps=script.write(random),
        clicks=random.randrange(3) if random.random() < _SHARE_WITH_CLICKS else None,
    )


def _sms_delivered(random: Random) -> tuple[Step, ...]:
    return (steps.accepted(0.2), *_sms(random, 0.5))


def _viber_delivered(random: Random, template_id: int | None = None) -> tuple[Step, ...]:
    return (
        steps.accepted(0.2),
        steps.in_process(0.6, "viber"),
        steps.delivered(_latency(random, 2), "viber", template_id=template_id),
    )


def _viber_seen(random: Random, template_id: int | None = None) -> tuple[Step, ...]:
    before = _viber_delivered(random, template_id)
    return (*before, steps.seen(_looked_at(random, before), "viber", template_id=template_id))


def _viber_template_seen(random: Random) -> tuple[Step, ...]:
    return _viber_seen(random, template_id=random.randrange(10**6, 10**7))


def _viber_then_sms(random: Random) -> tuple[Step, ...]:
    ttl = DEFAULT_TTL_SECONDS["viber"]
    return (
        steps.accepted(0.2),
        steps.in_process(0.6, "viber"),
        steps.expired(ttl, "viber"),
        *_sms(random, ttl + 0.5),
    )


def _whatsapp_seen(random: Random) -> tuple[Step, ...]:
    before = (steps.in_process(0.6, "whatsapp"), steps.delivered(_latency(random, 3), "whatsapp"))
    return (*before, steps.seen(_looked_at(random, before), "whatsapp"))


def _sms_expired(random: Random) -> tuple[Step, ...]:
    parts = _sms_parts(random)
    ttl = DEFAULT_TTL_SECONDS["sms"]
    return steps.started(0.5, "sms", sms_parts=parts), steps.expired(ttl, "sms", sms_parts=parts)


def _both_failed(random: Random) -> tuple[Step, ...]:
    viber_ttl, sms_ttl = DEFAULT_TTL_SECONDS["viber"], DEFAULT_TTL_SECONDS["sms"]
    parts = _sms_parts(random)
    return (
        steps.in_process(0.6, "viber"),
        steps.expired(viber_ttl, "viber"),
        steps.in_process(viber_ttl + 1, "sms", sms_parts=parts),
        steps.expired(viber_ttl + sms_ttl, "sms", sms_parts=parts),
    )


def _number_incorrect(random: Random) -> tuple[Step, ...]:
    return (steps.number_incorrect(random.uniform(0.1, 2)),)


def _forever_pending(random: Random) -> tuple[Step, ...]:
    return (steps.accepted(random.uniform(0.1, 2)),)


def _sms(random: Random, after_seconds: float) -> tuple[Step, ...]:
    parts = _sms_parts(random)
    return (
        steps.started(after_seconds, "sms", sms_parts=parts),
        steps.in_process(after_seconds + 0.5, "sms", sms_parts=parts),
        steps.delivered(after_seconds + _latency(random, 5), "sms", sms_parts=parts),
    )


def _sms_parts(random: Random) -> int:
    return random.choices((1, 2, 3), (8, 3, 1))[0]


def _latency(random: Random, median_seconds: float) -> float:
    return 1 + random.lognormvariate(0, 0.6) * median_seconds


def _looked_at(random: Random, before: tuple[Step, ...]) -> float:
    return before[-1].after_seconds + random.lognormvariate(0, 1.2) * _MEDIAN_SECONDS_TO_LOOK


_MEDIAN_SECONDS_TO_LOOK: Final = 120
_SHARE_WITH_CLICKS: Final = 0.2
_SCRIPTS: Final = {
    Situation.SMS_DELIVERED: _Script(weight=30, channels=("sms",), write=_sms_delivered),
    Situation.VIBER_SEEN: _Script(weight=20, channels=("viber", "sms"), write=_viber_seen),
    Situation.VIBER_DELIVERED: _Script(weight=12, channels=("viber", "sms"), write=_viber_delivered),
    Situation.VIBER_TEMPLATE_SEEN: _Script(weight=5, channels=("viber",), write=_viber_template_seen),
    Situation.VIBER_THEN_SMS: _Script(weight=15, channels=("viber", "sms"), write=_viber_then_sms),
    Situation.WHATSAPP_SEEN: _Script(weight=8, channels=("whatsapp",), write=_whatsapp_seen),
    Situation.SMS_EXPIRED: _Script(weight=3, channels=("sms",), write=_sms_expired),
    Situation.BOTH_FAILED: _Script(weight=4, channels=("viber", "sms"), write=_both_failed),
    Situation.NUMBER_INCORRECT: _Script(weight=2, channels=("sms",), write=_number_incorrect),
    Situation.FOREVER_PENDING: _Script(weight=1, channels=("viber", "sms"), write=_forever_pending),
}
_SITUATIONS: Final = tuple(_SCRIPTS)
_WEIGHTS: Final = tuple(script.weight for script in _SCRIPTS.values())
