"""The bytes of one Infobip voice report, as lenient as its versions, forms and documents differ.

A record must name its message and hold a status; a side fact that can't be read is left out.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

TEXT_LENGTH = 256  # what is longer is no code, name or number, and would swell the events beyond what Kafka takes
DESCRIPTION_LENGTH = 1024
CALLBACK_LENGTH = 32_768  # 700 may be sent; a state holds up to three events, and Kafka takes 1 MiB of it
AMOUNT_DIGITS = 40
MOST_RECORDS = 10_000  # ten times what Infobip may be asked for: more come from no honest page
LARGEST_RECORD = 1_048_576  # bytes; a report has about a thousand
MOST_SIGNS = (
    100 * MOST_RECORDS
)  # brackets, tags, names and attributes, each of which costs memory; a report has about 60
BREAKS_OFF = "the page can't be read from here on"
TOO_MANY = f"the page has more than {MOST_RECORDS} elements; from here on it is not read"
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_OF_CALL = ("startTime", "answerTime", "endTime", "duration", "chargedDuration", "dtmfCodes", "answeredBy")
_NEEDED = ("messageId", "status")


class Record(NamedTuple):
    """One element of a page: what it holds and its place in the body.

    `problem`: why the page can't be read on; the element is then the whole rest of the body.
    """

    value: object
    begun: int
    ended: int
    problem: str | None = None


Text = Annotated[str, Field(max_length=TEXT_LENGTH)]
Id = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # beyond it, no event could be written
Whole = Annotated[int, Field(ge=0, lt=2**31)]
Amount = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=AMOUNT_DIGITS)]


_WIRE = ConfigDict(frozen=True, extra="ignore", defer_build=True, coerce_numbers_to_str=True, alias_generator=to_camel)


class Codes(TypedDict, total=False):
    """A status or an error, what came of it. Neither `id` nor an error's group is a key: README.md in this folder."""

    __pydantic_config__ = ConfigDict(extra="ignore", coerce_numbers_to_str=True)  # type: ignore[misc]

    groupId: Code | None
    groupName: Text | None
    id: Code | None
    name: Text | None
    action: Text | None
    description: Annotated[str, Field(max_length=DESCRIPTION_LENGTH)] | None
    permanent: bool | None


class Price(BaseModel):
    """A price; in a voice report both names mean the price of a second."""

    model_config = _WIRE

    price_per_second: Amount | None = None
    price_per_message: Amount | None = None
    currency: Text | None = None


class VoiceReport(BaseModel):
    """One report of any version, the nested `voiceCall` laid flat; its dates are for `read_instant`."""

    model_config = _WIRE

    message_id: Id
    status: Codes
    error: Codes | None = None
    bulk_id: Id | None = None
    to: Text | None = None
    sent_at: Text | None = None
    done_at: Text | None = None
    start_time: Text | None = None
    answer_time: Text | None = None
    end_time: Text | None = None
    duration: Whole | None = None
    charged_duration: Whole | None = None
    dtmf_codes: Text | None = None
    answered_by: Text | None = None
    mcc_mnc: Text | None = None
    callback_data: Annotated[str, Field(max_length=CALLBACK_LENGTH)] | None = None
    price: Price | None = None


def read_report(value: object) -> VoiceReport:
    """Return an element of a page as a report, without the side facts that can't be read.

    Raises:
        ValidationError: it doesn't name its message, has no status, or is no object.

    """
    flat = _flat(value)
    try:
        return VoiceReport.model_validate(flat)
    except ValidationError as error:
        places = [problem["loc"] for problem in error.errors(include_url=False, include_context=False)]
    return VoiceReport.model_validate(_without(flat, places))


def _flat(value: object) -> object:
    if not isinstance(value, dict) or not isinstance(call := value.get("voiceCall"), dict):
        return value
    return value | {name: call[name] for name in _OF_CALL if value.get(name) is None and name in call}


def _without(value: object, places: list[tuple[int | str, ...]]) -> object:
    """Leave out what stands at the places, but never what a report needs."""
    if not isinstance(value, dict):
        return value
    kept = {name: dict(item) if isinstance(item, dict) else item for name, item in value.items()}
    for first, *rest in places:
        inner = kept.get(first)
        if rest and isinstance(inner, dict):
            inner.pop(rest[0], None)
        elif first not in _NEEDED:
            kept.pop(first, None)
    return kept


def read_instant(text: str | None) -> datetime | None:
    """Read any of Infobip's dates: offset with or without colon, `Z`, none (taken as UTC), day alone, epoch ms.

    None where no date between 1970 and 2999 can be made of it.
    """
    if text is None:
        return None
    text = text.strip()
    try:
        instant = _FIRST + timedelta(milliseconds=int(text)) if text.isdecimal() else datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if _FIRST < instant < _LAST else None
