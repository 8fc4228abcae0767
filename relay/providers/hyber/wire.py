"""The bytes of GMS Hyber's delivery reports, as lenient as its documents and its deployments differ.

Sources: the delivery-report chapter of GMS's protocol description; README.md in this folder.
"""

from pydantic import AliasChoices, BaseModel, ConfigDict, Field


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class HyberReport(_Wire):
    """One report: the whole simple answer, or one channel's part of the advanced one. `time` is epoch milliseconds."""

    status: int
    message_id: str | None = None
    extra_id: str | None = None
    phone_number: str | None = Field(default=None, validation_alias=AliasChoices("phone_number", "number"))
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
