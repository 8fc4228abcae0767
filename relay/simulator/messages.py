"""What a simulated provider was given to send and what will become of it, as data.

Takes a script of steps, gives what has happened at an instant. Never reads a clock and never does I/O.
"""

from typing import Annotated, Final

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

PLATFORM: Final = "hyber"  # the platform itself, named where no channel can be
PENDING: Final = -1
IN_PROCESS: Final = 1
DELIVERED: Final = 2
FAILED: Final = 3
SEEN_SUBSTATUS: Final = 24  # assumed: the provider's list of codes is not public

DEFAULT_TTL_SECONDS: Final = {"viber": 60, "sms": 300, "whatsapp": 604800, "push": 3600}
_STRICT: Final = ConfigDict(extra="forbid", hide_input_in_errors=True)  # input may hold phone numbers

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Id = Annotated[str, Field(min_length=1, max_length=256)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Channel:
    """One channel of a message's plan, with the seconds that it may try."""

    channel: Annotated[str, Field(min_length=1)]
    ttl: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Step:
    """What the provider learns of one channel, and when after sending; a code that is None stays out of reports."""

    after_seconds: Seconds
    channel: Annotated[str, Field(min_length=1)]
    status: int
    substatus: int | None = None
    hyber_status: int | None = None
    total_sms_parts: int | None = None
    delivered_sms_parts: int | None = None
    matching_template_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Message:
    """A message given to the provider; what is left out is filled in when it is sent.

    `sent_at` is in epoch seconds, None means now. `steps` None means a realistic life cycle made from the id, and an
    empty one stays pending for ever. No `channels` means those of the steps, in their order.
    """

    message_id: Id
    extra_id: Id | None = None
    phone_number: Annotated[str, Field(pattern=r"^[0-9]{1,20}$", repr=False)] = "380961111111"
    channels: tuple[Channel, ...] = ()
    sent_at: Seconds | None = None
    steps: tuple[Step, ...] | None = None
    clicks: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A step at the instant (epoch seconds) when the provider knew it."""

    at: float
    step: Step
    conclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message on its way: its plan and everything that will be known of it, in order of time."""

    message: Message
    sent_at: float
    readable_at: float
    channels: tuple[Channel, ...]
    happenings: tuple[Happening, ...]

    def known_at(self, now: float) -> tuple[Happening, ...]:
        """Give what the provider knows at `now`, oldest first."""
        return tuple(happening for happening in self.happenings if happening.at <= now)


def dispatched(message: Message, *, now: float, speed: float, unreadable_seconds: float) -> Sent:
    """Start the life cycle of a message at its own `sent_at` or `now`, its seconds divided by `speed`."""
    sent_at = now if message.sent_at is None else message.sent_at
    steps = sorted(message.steps or (), key=lambda step: step.after_seconds)
    channels = message.channels or _planned(steps)
    return Sent(
        message=message,
        sent_at=sent_at,
        readable_at=sent_at + unreadable_seconds / speed,
        channels=channels,
        happenings=tuple(
            Happening(at=sent_at + step.after_seconds / speed, step=step, conclusive=_is_conclusive(step, channels))
            for step in steps
        ),
    )


def _planned(steps: list[Step]) -> tuple[Channel, ...]:
    names = dict.fromkeys(step.channel for step in steps if step.channel != PLATFORM)
    return tuple(Channel(channel=name, ttl=DEFAULT_TTL_SECONDS.get(name, 300)) for name in names)


def _is_conclusive(step: Step, channels: tuple[Channel, ...]) -> bool:
    later_channel_may_deliver = step.channel in {channel.channel for channel in channels[:-1]}
    return step.status == DELIVERED or (step.status == FAILED and not later_channel_may_deliver)
