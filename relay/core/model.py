"""The values the core works on: requests, reports, events and the state of a message.

Instants are aware UTC datetimes, durations are seconds. Nothing here reads a clock or does I/O.
"""

from datetime import datetime
from typing import Any, ClassVar

from relay.core.values import Word, value_object

Json = dict[str, Any]


class RequestKind(Word):
    """Which input topic a request came from."""

    FETCH = "fetch"
    SENT = "sent"


class Outcome(Word):
    """What a provider says became of a message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Engagement(Word):
    """What a person did with a delivered message."""

    SEEN = "seen"
    ANSWERED = "answered"


class EventType(Word):
    """The four published status changes."""

    DELIVERED = "delivered"
    SEEN = "seen"
    FAILED = "failed"
    ANSWERED = "answered"


class Category(Word):
    """Why a message failed, in the relay's words; an open list."""

    EXPIRED = "expired"
    UNDELIVERABLE = "undeliverable"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    INVALID_RECIPIENT = "invalid_recipient"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    PROVIDER_ERROR = "provider_error"
    NO_REPORT = "no_report"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@value_object(frozen=True, kw_only=True)
class Reason:
    """Why something failed: our category beside the provider's own words and numbers."""

    category: str
    code: str | None = None
    name: str | None = None
    description: str | None = None
    permanent: bool | None = None


@value_object(frozen=True, kw_only=True)
class Attempt:
    """One channel that was tried."""

    channel: str
    status: str
    occurred_at: datetime | None = None
    reason: Reason | None = None


@value_object(frozen=True, kw_only=True)
class SmsParts:
    """How many parts an SMS had, and how many arrived."""

    total: int | None = None
    delivered: int | None = None


@value_object(frozen=True, kw_only=True)
class Report:
    """What a provider says of one message, normalised.

    `implied`: the outcome follows from an engagement, the provider did not report it by itself.
    `one_channel`: the outcome is that of `channel` alone; a later channel may still deliver.
    `unmapped`: names of fields whose codes the provider's tables don't know.
    """

    outcome: Outcome
    channel: str
    occurred_at: datetime | None
    engagements: frozenset[Engagement] = frozenset()
    implied: bool = False
    one_channel: bool = False
    message_id: str | None = None
    extra_id: str | None = None
    bulk_id: str | None = None
    recipient: str | None = None
    reason: Reason | None = None
    attempts: tuple[Attempt, ...] = ()
    call: Json | None = None
    price: Json | None = None
    clicks: int | None = None
    sms_parts: SmsParts | None = None
    template_id: int | str | None = None
    mcc_mnc: str | None = None
    callback_data: str | None = None
    provider_status: Json | None = None
    unmapped: tuple[str, ...] = ()


@value_object(frozen=True, kw_only=True)
class Event:
    """A published status change: the fields of the StatusChanged contract, in its order."""

    event_id: str
    type: EventType
    sequence: int
    account: str
    provider: str
    message_id: str | None
    extra_id: str | None
    bulk_id: str | None
    recipient: str | None
    channel: str
    occurred_at: datetime
    observed_at: datetime
    final: bool
    inferred: bool
    supersedes: str | None
    reason: Reason | None
    attempts: tuple[Attempt, ...]
    call: Json | None
    price: Json | None
    clicks: int | None
    sms_parts: SmsParts | None
    template_id: int | str | None
    mcc_mnc: str | None
    callback_data: str | None
    provider_status: Json | None
    request_id: str | None
    correlation_id: str | None

    @property
    def subject(self) -> str:
        """The id that names the message: its message_id, or its extra_id where that is all that is known."""
        return self.message_id or self.extra_id or ""


@value_object(frozen=True, kw_only=True)
class Request:
    """A decoded FetchRequest or MessageSent in the core's terms.

    `anchor_at` is what the schedule counts from: the time of sending, else of acceptance.
    `trace`: the `traceparent` of what follows from it, where tracing is on.
    """

    kind: RequestKind
    account: str
    received_at: datetime
    anchor_at: datetime
    expires_at: datetime
    message_id: str | None = None
    extra_id: str | None = None
    bulk_id: str | None = None
    recipient: str | None = None
    channels: tuple[str, ...] = ()
    detail: str = "advanced"
    limit: int | None = None
    follow: bool = True
    republish: bool = False
    request_id: str | None = None
    correlation_id: str | None = None
    trace: str | None = None


@value_object(frozen=True, kw_only=True)
class MessageState:
    """What the relay knows of one message; it is stored in the state topic as it stands here.

    `once`: a fetch request still waits for its first conclusive answer, and nothing else would ask.
    `became`: only for a message known by extra_id: the message_id it turned out to have.
    `trace`: of the newest request that has one; 66 bytes of each stored state, where tracing is on.
    """

    __pydantic_config__: ClassVar[Json] = {"val_temporal_unit": "milliseconds"}  # as the slot's codec writes them

    anchor_at: datetime
    expires_at: datetime
    requested_at: datetime
    message_id: str | None = None
    extra_id: str | None = None
    bulk_id: str | None = None
    recipient: str | None = None
    channels: tuple[str, ...] = ()
    detail: str = "advanced"
    follow: bool = False
    once: bool = False
    request_id: str | None = None
    correlation_id: str | None = None
    republished: tuple[str, ...] = ()
    published: tuple[Event, ...] = ()
    became: str | None = None
    trace: str | None = None


@value_object(frozen=True, kw_only=True)
class Lookup:
    """One question to a provider about one message."""

    account: str
    message_id: str | None
    extra_id: str | None
    detail: str
    anchor_at: datetime
    trace: str | None = None
