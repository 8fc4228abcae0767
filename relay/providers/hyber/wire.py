"""The bytes of GMS Hyber's delivery reports, as lenient as its documents and its deployments differ.

Sources: the delivery-report chapter of GMS's protocol description; README.md in this folder. Dictionaries, not models:
they are read straight from the bytes in two thirds of the time.
"""

from functools import cache
from typing import Annotated, Any, Required

from pydantic import AliasChoices, ConfigDict, Field, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator, core_schema
from typing_extensions import TypedDict

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

_LENIENT = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class HyberReport(TypedDict, total=False):
    """One report: the whole simple answer, or one channel's part of the advanced one. `time` is epoch milliseconds.

    Side facts are always there, None where there is nothing to be read; ids may be missing.
    """

    __pydantic_config__ = _LENIENT  # type: ignore[misc]

    status: Required[Number]
    message_id: Id | None
    extra_id: Id | None
    phone_number: Annotated[SideText, Field(validation_alias=AliasChoices("phone_number", "number"))]
    last_partner: Annotated[SideText, Field(validation_alias=AliasChoices("last_partner", "sent_via"))]
    time: SideNumber
    substatus: SideNumber
    hyber_status: Annotated[SideNumber, Field(validation_alias=AliasChoices("hyber_status", "msg_status"))]
    total_sms_parts: SideNumber
    delivered_sms_parts: SideNumber
    clicks: SideNumber
    matching_template_id: Annotated[Number | Text | None, _OrNone()]


class HyberChannel(TypedDict, total=False):
    """A channel of the plan, in order; `ttl` in seconds."""

    __pydantic_config__ = _LENIENT  # type: ignore[misc]

    channel: Required[Text]
    ttl: float | None


class HyberAnswer(TypedDict, total=False):
    """An answer of any kind. Advanced: a report for each channel that was tried, and how far processing is.

    The last three only tell the other kinds apart.
    """

    __pydantic_config__ = _LENIENT  # type: ignore[misc]

    reports: Annotated[list[HyberReport], Field(max_length=CHANNELS)]
    started: bool | None
    processing: bool | None
    delivered_via: SideText
    clicks: SideNumber
    channels: Annotated[list[HyberChannel], Field(max_length=CHANNELS)]
    status: Any
    error_code: Any
    error_text: Any


@cache
def validator_of(shape: type[HyberAnswer | HyberReport]) -> SchemaValidator:
    """Return what reads the bytes of such a body."""
    validator: SchemaValidator = TypeAdapter(shape).validator  # type: ignore[assignment]  # pydantic says less of it
    return validator
