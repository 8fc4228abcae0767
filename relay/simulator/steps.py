"""Makes steps in the provider's codes.

Documented are 23011, 23033, 23043, 35015 and 36024. The other codes follow the pattern that these show (substatus,
then three digits of the channel) and are invented.
"""

from typing import Final

from relay.simulator.messages import DELIVERED, FAILED, IN_PROCESS, PENDING, PLATFORM, SEEN_SUBSTATUS, Step

_CHANNEL_DIGITS: Final = {"sms": 11, "push": 21, "viber": 33, "whatsapp": 51}
_VIBER_TEMPLATE_DIGITS: Final = 43
_EXPIRED: Final = 35015  # the documentation shows it for SMS and for Viber
_NUMBER_INCORRECT: Final = 36024


def accepted(after_seconds: float) -> Step:
    """Let the platform take the message before any channel has it."""
    return Step(after_seconds=after_seconds, channel=PLATFORM, status=PENDING)


def started(after_seconds: float, channel: str, *, sms_parts: int | None = None) -> Step:
    """Begin sending over the channel."""
    return _step(after_seconds, channel, IN_PROCESS, 11, parts=(sms_parts, 0))


def in_process(after_seconds: float, channel: str, *, sms_parts: int | None = None) -> Step:
    """Let the channel accept the message."""
    return _step(after_seconds, channel, IN_PROCESS, 12, parts=(sms_parts, 0))


def delivered(
    after_seconds: float, channel: str, *, sms_parts: int | None = None, template_id: int | None = None
) -> Step:
    """Reach the person's device; a template id makes it a Viber template message."""
    return _step(after_seconds, channel, DELIVERED, 23, parts=(sms_parts, sms_parts), template_id=template_id)


def seen(after_seconds: float, channel: str, *, template_id: int | None = None) -> Step:
    """Let the person look at the message."""
    return _step(after_seconds, channel, DELIVERED, SEEN_SUBSTATUS, template_id=template_id)


def expired(after_seconds: float, channel: str, *, sms_parts: int | None = None) -> Step:
    """Let the channel's time to live run out."""
    return _step(after_seconds, channel, FAILED, 35, parts=(sms_parts, 0), hyber_status=_EXPIRED)


def number_incorrect(after_seconds: float, channel: str = PLATFORM) -> Step:
    """Let the platform, or the channel named, refuse the phone number."""
    return _step(after_seconds, channel, FAILED, 36, hyber_status=_NUMBER_INCORRECT)


def _step(
    after_seconds: float,
    channel: str,
    status: int,
    substatus: int,
    *,
    parts: tuple[int | None, int | None] = (None, None),
    template_id: int | None = None,
    hyber_status: int | None = None,
) -> Step:
    total, arrived = parts
    digits = _CHANNEL_DIGITS.get(channel, 0) if template_id is None else _VIBER_TEMPLATE_DIGITS
    return Step(
        after_seconds=after_seconds,
        channel=channel,
        status=status,
        substatus=substatus,
        hyber_status=substatus * 1000 + digits if hyber_status is None else hyber_status,
        total_sms_parts=total,
        delivered_sms_parts=None if total is None else arrived,
        matching_template_id=template_id,
    )
