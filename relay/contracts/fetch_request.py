"""FetchRequest, the value of `delivery.fetch-requests.v1`: "ask the provider about this now"."""

from typing import Final, Literal

from pydantic import BaseModel, Field

from relay.contracts.fields import TAKEN, AccountText, CorrelationIdText, MessageIdText, PageLimit, RequestIdText
from relay.contracts.instants import InputInstant

Detail = Literal["simple", "advanced"]
DEFAULT_DETAIL: Final[Detail] = "advanced"
"""What a Hyber request without `detail` asks for; an Infobip request has none, hence no default in the model."""


class FetchRequest(BaseModel):
    """Ask the provider about a message, or about everything that an account has unread, now.

    Which ids and options are allowed depends on the account's provider. null, where it is allowed, counts as not given.
    """

    model_config = TAKEN

    request_id: RequestIdText = Field(description="The caller's id of this request; events carry it.")
    account: AccountText = Field(description="Name of a configured account, which fixes the provider.")
    message_id: MessageIdText | None = Field(
        default=None,
        description="The provider's id of the message. Hyber: exactly one of message_id and extra_id."
        " Infobip voice: message_id, bulk_id, both, or none (none = whatever the account has unread).",
    )
    extra_id: MessageIdText | None = Field(
        default=None, description="The caller's own id, given when the message was sent. Hyber only."
    )
    bulk_id: MessageIdText | None = Field(
        default=None, description="The provider's id of the bulk that the message was sent in. Infobip only."
    )
    detail: Detail | None = Field(
        default=None,
        description="Which report to ask for. Hyber only.",
        json_schema_extra={"default": DEFAULT_DETAIL},
    )
    limit: PageLimit | None = Field(
        default=None, description="Reports in one answer. Infobip only; default: the account's limit."
    )
    follow: bool = Field(default=True, description="Keep asking until the outcome is final or expires_at has come.")
    republish: bool = Field(
        default=False, description="Publish what is already known of the message again, with the same event ids."
    )
    expires_at: InputInstant | None = Field(
        default=None,
        description="When to give up: RFC 3339 with offset, years 1970 to 2999, no leap second."
        " Default: now + the account's expire_after_seconds.",
    )
    correlation_id: CorrelationIdText | None = Field(
        default=None, description="Copied to the events. A correlation-id header counts where this is missing."
    )
