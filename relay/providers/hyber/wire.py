"""The bytes of GMS Hyber's delivery reports, as lenient as its documents and its deployments differ.

Sources: the delivery-report chapter of GMS's protocol description; README.md in this folder.
"""

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field


def _text(value: Any) -> Any:
    """Ids and numbers come as JSON strings or numbers, depending on the deployment."""
    if isinstance(value, bool):
        raise ValueError("a text or a number is expected")  # noqa: TRY004 - pydantic wants ValueError
    return str(value) if isinstance(value, int) else value


Text = Annotated[str, BeforeValidator(_text)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class HyberReport(_Wire):
    """One report: the whole simple answer, or one channel's part of the advanced one. `time` is epoch milliseconds."""

    status: int
    message_id: Text | None = None
    extra_id: Text | None = None
    phone_number: Text | None = Field(default=None, validation_alias=AliasChoices("phone_number", "number"))
    last_partner: str | None = Field(default=None, validation_alias=AliasChoices("last_partner", "sent_via"))
    time: int | None = None
    substatus: int | None = None
    hyber_status: int | None = Field(default=None, validation_alias=AliasChoices("hyber_status", "msg_status"))
    total_sms_parts: int | None = None
    delivered_sms_parts: int | None = None
    clicks: int | None = None
    matching_template_id: int | str | None = None


class HyberChannel(_Wire):
    """A channel of the plan, in order; `ttl` in seconds."""

    channel: str
    ttl: float | None = None


class AdvancedAnswer(_Wire):
    """The advanced answer: a report for each channel that was tried, and how far processing is."""

    reports: list[HyberReport] = Field(default_factory=list)
    started: bool | None = None
    processing: bool | None = None
    delivered_via: str | None = None
    clicks: int | None = None
    channels: list[HyberChannel] = Field(default_factory=list)


class ErrorAnswer(_Wire):
    """An error body; it comes with error statuses and, from some deployments, with 200 as well."""

    error_code: int | str | None = None
    error_text: str | None = None
