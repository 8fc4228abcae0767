"""The published event: its bytes are what the contract shows and what the schema says, for any content."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from relay.contracts import schemas
from relay.contracts.cloudevents import status_changed_headers
from relay.contracts.status_changed import StatusChanged
from tests.strategies import status_changes

EXAMPLES: Final = Path(__file__).parents[2] / "schemas" / "examples" / "status_changed" / "valid"
FROM_CONTRACT: Final = EXAMPLES / "hyber-delivered-by-sms-after-viber.json"
SCHEMA: Final = Draft202012Validator(
    schemas.generate("status_changed"), format_checker=Draft202012Validator.FORMAT_CHECKER
)


def an_event(**fields: Any) -> StatusChanged:
    """Read the contract's example, with fields replaced."""
    example = StatusChanged.model_validate_json(FROM_CONTRACT.read_bytes())
    return StatusChanged.model_validate({name: getattr(example, name) for name in StatusChanged.model_fields} | fields)


def test_bytes_are_the_contracts_example_key_for_key() -> None:
    """All keys, in the contract's order, with its values, compact."""
    example = FROM_CONTRACT.read_text("utf-8")
    assert an_event().to_bytes().decode() == json.dumps(json.loads(example), separators=(",", ":"))


@given(event=status_changes)
def test_published_bytes_match_the_schema_and_read_back(event: StatusChanged) -> None:
    """Whatever the code can build, a reader with the schema accepts, and reading it gives the same event."""
    value = event.to_bytes()
    SCHEMA.validate(json.loads(value))
    assert StatusChanged.model_validate_json(value) == event


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 22, 8, tzinfo=UTC), "2026-11-22T08:00:00.000Z"),
        (datetime(2026, 11, 22, 8, 0, 0, 999999, tzinfo=UTC), "2026-11-22T08:00:00.999Z"),
        (datetime(2026, 11, 22, 8, tzinfo=timezone(timedelta(hours=2))), "2026-11-22T06:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_instants_are_published_as_utc_with_milliseconds(instant: datetime, text: str) -> None:
    """Any aware instant becomes UTC, Z, exactly three digits; what is finer is cut off."""
    assert json.loads(an_event(observed_at=instant).to_bytes())["observed_at"] == text


@pytest.mark.parametrize(
    "fields",
    [
        {"observed_at": datetime(2026, 11, 22)},  # noqa: DTZ001 - naive on purpose
        {"observed_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))},
        {"type": "pending"},
        {"sequence": 0},
        {"message_id": None, "extra_id": None},
        {"surprise": 1},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_event_that_breaks_the_contract_cannot_be_built(fields: dict[str, Any]) -> None:
    """What is emitted is closed: a wrong, naive or additional value is a bug that shows at once."""
    with pytest.raises(ValidationError):
        an_event(**fields)


def test_headers_are_cloudevents_in_binary_mode() -> None:
    """The eight headers of the contract, as UTF-8 bytes; no correlation-id where none came in."""
    event = an_event(message_id="замовлення")
    assert status_changed_headers(event) == [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.event_id.encode()),
        ("ce_type", b"delivery.delivered.v1"),
        ("ce_source", b"/relay/hyber/hyber_main"),
        ("ce_subject", "замовлення".encode()),
        ("ce_time", b"2016-10-25T17:41:34.667Z"),
        ("ce_dataschema", b"urn:delivery-relay:schema:status_changed:v1"),
        ("content-type", b"application/json"),
    ]


def test_headers_carry_the_correlation_id_that_came_in() -> None:
    """A correlation id travels on as a header of its own."""
    assert status_changed_headers(an_event(correlation_id="order-17"))[-1] == ("correlation-id", b"order-17")


def test_subject_is_the_extra_id_where_no_message_id_is_known() -> None:
    """A message that is known by extra_id only is named by it, in the key and in ce_subject."""
    event = an_event(message_id=None, extra_id="AD-6640-7006")
    assert event.subject == "AD-6640-7006"
    assert dict(status_changed_headers(event))["ce_subject"] == b"AD-6640-7006"


def test_error_of_a_wrong_event_quotes_no_value() -> None:
    """A phone number in an event that cannot be built doesn't reach the logs."""
    with pytest.raises(ValidationError) as caught:
        an_event(recipient=380671234567, clicks="380671234567")
    assert "380671234567" not in str(caught.value)
