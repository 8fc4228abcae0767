"""The bytes of one Infobip voice report, as lenient as its versions, forms and documents differ.

A record must name its message and hold a status; a side fact that can't be read is left out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic.alias_generators import to_camel

TEXT_LENGTH = 256  # what is longer is no code, name or number, and would swell the events beyond what Kafka takes
DESCRIPTION_LENGTH = 1024
CALLBACK_LENGTH = 32_768  # 700 may be sent; a state holds up to three events, and Kafka takes 1 MiB of it
AMOUNT_DIGITS = 40
BREAKS_OFF = "the page can't be read from here on"
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
_OF_CALL = ("startTime", "answerTime", "endTime", "duration", "chargedDuration", "dtmfCodes", "answeredBy")
_NEEDED = ("messageId", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One element of a page: what it holds, its own bytes, and what is wrong where it could not even be told apart."""

    value: object
    body: bytes
    problem: str | None = None


def read_instant(value: object) -> datetime | None:
    """Read any of Infobip's dates: offset with or without colon, `Z`, none (taken as UTC), day alone, epoch ms.

    None where no date between 1970 and 2999 can be made of it.
    """
    try:
        instant = _instant(value)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        return None
    return instant if _FIRST < instant < _LAST else None


def _instant(value: object) -> datetime:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and not text.isdecimal():
        return datetime.fromisoformat(text)
    if isinstance(text, str | int) and not isinstance(text, bool):
        return _FIRST + timedelta(milliseconds=int(text))
    raise TypeError


Text = Annotated[str, Field(max_length=TEXT_LENGTH)]
Id = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # beyond it, no event could be written
Whole = Annotated[int, Field(ge=0, lt=2**31)]
Instant = Annotated[datetime | None, PlainValidator(read_instant)]
Amount = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=AMOUNT_DIGITS)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, alias_generator=to_camel)


class Codes(_Wire):
    """A status or an error. Neither `id` nor the group of an error is a key by itself: README.md in this folder."""

    group_id: Code | None = None
    group_name: Text | None = None
    id: Code | None = None
    name: Text | None = None
    action: Text | None = None
    description: Annotated[str, Field(max_length=DESCRIPTION_LENGTH)] | None = None
    permanent: bool | None = None

    def as_came(self) -> dict[str, Any]:
        """Return the fields that came, under their own names."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class Price(_Wire):
    """A price; in a voice report both names mean the price of a second."""

    price_per_second: Amount | None = None
    price_per_message: Amount | None = None
    currency: Text | None = None


class VoiceReport(_Wire):
    """One report of any version, the nested `voiceCall` laid flat."""

    message_id: Id
    status: Codes
    error: Codes | None = None
    bulk_id: Id | None = None
    to: Text | None = None
    sent_at: Instant = None
    done_at: Instant = None
    start_time: Instant = None
    answer_time: Instant = None
    end_time: Instant = None
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
    kept = dict(value)
    for first, *rest in places:
        inner = kept.get(first)
        if rest and isinstance(inner, dict):
            kept[first] = {name: item for name, item in inner.items() if name != rest[0]}
        elif first not in _NEEDED:
            kept.pop(first, None)
    return kept
