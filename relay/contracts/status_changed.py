"""StatusChanged, version 1: the value of the four topics on which the relay publishes what became of messages.

Closed for what is emitted, open for readers: its JSON Schema lets fields and words be added.
"""

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from relay.contracts.instants import OutputInstant

_UUID_PATTERN: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_EMITTED: Final = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True, extra="forbid", defer_build=True)
_ONE_ID_AT_LEAST: Final[dict[str, Any]] = {
    "anyOf": [{"properties": {name: {"type": "string"}}} for name in ("message_id", "extra_id")]
}

ProviderCodes = Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object"})]


class Reason(BaseModel):
    """Why a message, or one attempt of it, failed."""

    model_config = _EMITTED

    category: str = Field(
        min_length=1,
        description="The relay's word for it, an open list: expired, undeliverable, rejected, blocked,"
        " invalid_recipient, no_answer, busy, declined, unavailable, insufficient_funds, provider_error, no_report,"
        " not_found, unknown.",
    )
    code: str | None = Field(description="The provider's own code, untouched, as a string.")
    name: str | None = Field(description="The provider's own name of the code, untouched.")
    description: str | None = Field(description="The provider's own explanation, untouched.")
    permanent: bool | None = Field(description="Whether the provider calls it permanent; null where it does not say.")


class Attempt(BaseModel):
    """What became of the message on one of the channels that were tried."""

    model_config = _EMITTED

    channel: str = Field(min_length=1, description="The channel tried; an open list, see the event's channel.")
    status: str = Field(min_length=1, description="pending, delivered or failed; an open list.")
    occurred_at: OutputInstant | None = Field(
        description="The provider's time of it: UTC, Z, milliseconds; null where it gives none."
    )
    reason: Reason | None = Field(description="Why this attempt failed; null where it did not.")


class Call(BaseModel):
    """What is known of a voice call."""

    model_config = _EMITTED

    outcome: str = Field(
        min_length=1,
        description="answered, machine, no_answer, busy, declined, canceled, unavailable, failed, unknown;"
        " an open list.",
    )
    duration_seconds: int | None = Field(description="How long the call lasted, in seconds.")
    charged_seconds: int | None = Field(description="How long a call is charged for, in seconds.")
    started_at: OutputInstant | None = Field(description="When the call began: UTC, Z, milliseconds.")
    answered_at: OutputInstant | None = Field(description="When the call was answered: UTC, Z, milliseconds.")
    ended_at: OutputInstant | None = Field(description="When the call ended: UTC, Z, milliseconds.")
    dtmf: str | None = Field(description="The keys that the person pressed.")


class Price(BaseModel):
    """What the provider charges."""

    model_config = _EMITTED

    amount: str = Field(pattern=r"^-?[0-9]+([.][0-9]+)?$", description="A decimal number as a string; never rounded.")
    currency: str | None = Field(description="The currency as the provider names it, such as EUR.")
    per: str = Field(min_length=1, description="What the amount is for: second or message; an open list.")


class SmsParts(BaseModel):
    """How many parts a text message had."""

    model_config = _EMITTED

    total: int | None = Field(description="Parts sent; null where the provider does not say.")
    delivered: int | None = Field(description="Parts delivered; null where the provider does not say.")


class StatusChanged(BaseModel):
    """A message was delivered, seen, answered, or failed. Every field is always present, in this order."""

    model_config = _EMITTED | ConfigDict(json_schema_extra=_ONE_ID_AT_LEAST)

    event_id: str = Field(
        pattern=_UUID_PATTERN,
        description="UUIDv5 of the fact: the same fact always has the same id. Readers deduplicate by it.",
    )
    type: str = Field(
        pattern="^(delivered|seen|failed|answered)$",
        description="delivered, seen, failed or answered; also the topic.",
        json_schema_extra={"enum": ["delivered", "seen", "failed", "answered"]},
    )
    sequence: int = Field(ge=1, description="1, 2, 3 … within one message, across the four topics.")
    account: str = Field(min_length=1, description="The configured account that the message was sent with.")
    provider: str = Field(min_length=1, description="hyber or infobip_voice; an open list.")
    message_id: str | None = Field(
        description="The provider's id of the message, and the record's key; null where only extra_id is known."
    )
    extra_id: str | None = Field(description="The sender's own id; the record's key where message_id is null.")
    bulk_id: str | None = Field(description="The provider's id of the bulk that the message was sent in.")
    recipient: str | None = Field(
        description="The phone number, masked unless configured otherwise; null where omitted or not known."
    )
    channel: str = Field(
        min_length=1,
        description="viber, sms, whatsapp, push, voice …; an open list; unknown where the provider names none.",
    )
    occurred_at: OutputInstant = Field(description="The provider's time of the change: UTC, Z, milliseconds.")
    observed_at: OutputInstant = Field(description="The relay's time of learning it: UTC, Z, milliseconds.")
    final: bool = Field(
        description="The provider has settled the outcome; only its own correction, with supersedes, can change it."
        " seen or answered may still follow."
    )
    inferred: bool = Field(description="The relay concluded it; the provider did not say it.")
    supersedes: str | None = Field(
        pattern=_UUID_PATTERN, description="The event_id of the earlier event that this one replaces."
    )
    reason: Reason | None = Field(description="Why the message failed; null where it did not.")
    attempts: list[Attempt] = Field(
        description="One for each channel tried, in order, where the provider tells them (Hyber advanced); else empty."
    )
    call: Call | None = Field(description="The voice call; null for other channels.")
    price: Price | None = Field(description="What the provider charges, where it says so.")
    clicks: int | None = Field(description="Clicks on links of the message, where they are counted.")
    sms_parts: SmsParts | None = Field(description="The parts of a text message, where the provider tells them.")
    template_id: int | str | None = Field(description="The template that the message matched, as the provider gave it.")
    mcc_mnc: str | None = Field(description="Codes of the recipient's country and network, as the provider gave them.")
    callback_data: str | None = Field(description="What the sender gave the provider to hand back.")
    provider_status: ProviderCodes | None = Field(
        description="The provider's codes as they came. Hyber: status, substatus, hyber_status."
        " Infobip: status and error objects. Null where no report came."
    )
    request_id: str | None = Field(
        description="The newest request for this message or its bulk; null where none was made."
    )
    correlation_id: str | None = Field(description="The correlation id of the newest request or of the sent message.")

    @model_validator(mode="after")
    def _has_a_subject(self) -> Self:
        if self.message_id is None and self.extra_id is None:
            raise PydanticCustomError("missing", "message_id or extra_id: an event needs one of them")
        return self

    @property
    def subject(self) -> str:
        """The id that names the message: its message_id, or its extra_id where that is all that is known."""
        return (self.message_id if self.message_id is not None else self.extra_id) or ""

    def to_bytes(self) -> bytes:
        """Give the record's value: compact JSON, UTF-8, every key present, in the order above."""
        return self.model_dump_json().encode()
