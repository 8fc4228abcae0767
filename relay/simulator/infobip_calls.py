"""What the simulated Infobip was given to call and how each call will end, as data.

Takes a script of endings, gives the reports that it makes. Never reads a clock and never does I/O.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from relay.simulator.messages import Id, Seconds

DELIVERED_GROUP: Final = 3
DELIVERED_TO_OPERATOR: Final = 2
_STRICT: Final = ConfigDict(extra="forbid", hide_input_in_errors=True)  # input may hold phone numbers
_Number = Annotated[str, Field(pattern=r"^[0-9]{1,20}$", repr=False)]


class CallEnd(StrEnum):
    """How a call ends."""

    ANSWERED = "answered"
    MACHINE = "machine"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    CANCELED = "canceled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Status:
    """Infobip's status object."""

    group_id: int
    group_name: str
    id: int
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Error:
    """Infobip's error object, which stands in every report, also in one of success."""

    group_id: int
    group_name: str
    id: int
    name: str
    description: str = ""
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Ending:
    """One report to come, `after_seconds` after sending; the instants of the call are null unless someone answered."""

    after_seconds: Seconds
    status: Status
    error: Error
    answered_by: Literal["HUMAN", "MACHINE"] | None = None
    duration_seconds: Annotated[int, Field(ge=0)] = 0
    dtmf: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class VoiceCall:
    """A voice message given to the provider; None for `bulk_id`, `mcc_mnc` or `price` leaves it out of the reports.

    `sent_at` is in epoch seconds, None means now; `price` is for a second. `endings` None means a realistic life made
    from the id, which ends as `end` says if it is given; an empty one stays pending for ever.
    """

    message_id: Id
    bulk_id: Id | None = None
    phone_number: _Number = "385981178"
    caller: str = "442032864231"
    sent_at: Seconds | None = None
    price: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = Decimal("0.01")
    currency: str = "EUR"
    mcc_mnc: str | None = "21901"
    callback_data: str | None = None
    end: CallEnd | None = None
    endings: tuple[Ending, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """What the provider says of a call from `at` on, until `superseded_at`; `ending` is None while it is pending."""

    call: VoiceCall
    sent_at: float
    at: float
    ending: Ending | None
    superseded_at: float | None = None


def reports_of(call: VoiceCall, *, sent_at: float, speed: float) -> tuple[CallReport, ...]:
    """Give every report that a call will ever have, oldest first, its seconds divided by `speed`."""
    endings = sorted(call.endings or (), key=lambda ending: ending.after_seconds)
    instants = [sent_at + ending.after_seconds / speed for ending in endings]
    return tuple(
        CallReport(call=call, sent_at=sent_at, at=at, ending=ending, superseded_at=superseded_at)
        for ending, at, superseded_at in zip(endings, instants, [*instants[1:], None], strict=False)
    )
