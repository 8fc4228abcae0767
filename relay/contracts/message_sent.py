"""MessageSent, the value of `messages.sent.v1`: "this was sent; find out what became of it"."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from relay.contracts.fields import TAKEN, AccountText, CorrelationIdText, MessageIdText, NameText, PhoneText, Seconds
from relay.contracts.instants import InputInstant

_ONE_ID_AT_LEAST: Final[dict[str, Any]] = {
    "anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("message_id", "extra_id")]
}


class MessageSent(BaseModel):
    """A message was sent: follow it until its outcome is final. One of message_id and extra_id is required."""

    model_config = TAKEN | ConfigDict(json_schema_extra=_ONE_ID_AT_LEAST)

    account: AccountText = Field(description="Name of a configured account, which fixes the provider.")
    message_id: MessageIdText | None = Field(
        default=None, description="The provider's id of the message. Required for Infobip voice."
    )
    extra_id: MessageIdText | None = Field(
        default=None, description="The caller's own id, given when the message was sent."
    )
    bulk_id: MessageIdText | None = Field(
        default=None, description="The provider's id of the bulk that the message was sent in."
    )
    recipient: Annotated[PhoneText | None, AfterValidator(lambda text: text or None)] = Field(
        default=None, description="The phone number that the message was sent to; an empty one counts as absent."
    )
    channels: list[NameText] | None = Field(
        default=None,
        max_length=32,
        description="The channels that the provider will try, in order; names as the provider spells them.",
    )
    sent_at: InputInstant = Field(
        description="When the message was sent: RFC 3339 with offset, years 1970 to 2999, no leap second."
    )
    ttl_seconds: Seconds | None = Field(
        default=None, description="How long the provider may try, counted from sent_at; at most 2,147,483,647."
    )
    correlation_id: CorrelationIdText | None = Field(
        default=None, description="Copied to the events. A correlation-id header counts where this is missing."
    )

    @model_validator(mode="after")
    def _has_an_id(self) -> Self:
        if self.message_id is None and self.extra_id is None:
            raise PydanticCustomError("missing", "message_id or extra_id: give one of them at least")
        return self
