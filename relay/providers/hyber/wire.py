"""The bytes of GMS Hyber's delivery reports, as lenient as its documents and its deployments differ.

Sources: the delivery-report chapter of GMS's protocol description; README.md in this folder.
"""

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

TEXT_LENGTH = 256  # what is longer is none of Hyber's texts, and would swell the events beyond what Kafka takes
CHANNELS = 32


Text = Annotated[str, Field(max_length=TEXT_LENGTH)]
Id = Annotated[Text, Field(pattern=r"(?s)^([^.].*|\.[^.].*|\.\..+)?$")]
"""All but `.` and `..`, which no path can hold, so that they could never be asked about; an empty id names nothing."""
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # beyond it, no event could be written


class _OrNone:
    """Leaves out a side fact that can't be read, rather than the outcome it came with; without a call into Python."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


SideText = Annotated[Text | None, _OrNone()]
SideNumber = Annotated[Number | None, _OrNone()]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True, coerce_numbers_to_str=True)


class HyberReport(_Wire):
    """One report: the whole simple answer, or one channel's part of the advanced one. `time` is epoch milliseconds."""

    status: Number
    message_id: Id | None = None
    extra_id: Id | None = None
    phone_number: SideText = Field(default=None, validation_alias=AliasChoices("phone_number", "number"))
    last_partner: SideText = Field(default=None, validation_alias=AliasChoices("last_partner", "sent_via"))
    time: SideNumber = None
    substatus: SideNumber = None
    hyber_status: SideNumber = Field(default=None, validation_alias=AliasChoices("hyber_status", "msg_status"))
    total_sms_parts: SideNumber = None
    delivered_sms_parts: SideNumber = None
    clicks: SideNumber = None
    matching_template_id: Annotated[Number | Text | None, _OrNone()] = None


class HyberChannel(_Wire):
    """A channel of the plan, in order; `ttl` in seconds."""

    channel: Text
    ttl: float | None = None


class AdvancedAnswer(_Wire):
    """The advanced answer: a report for each channel that was tried, and how far processing is."""

    reports: list[HyberReport] = Field(default_factory=list, max_length=CHANNELS)
    started: bool | None = None
    processing: bool | None = None
    delivered_via: SideText = None
    clicks: SideNumber = None
    channels: list[HyberChannel] = Field(default_factory=list, max_length=CHANNELS)
