"""A dead letter gives back the exact bytes of the record that it wraps, and stays as readable as it can."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import example, given
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from relay.contracts import schemas
from relay.contracts.bad_record import BadRecordCode
from relay.contracts.cloudevents import dead_letter_headers
from relay.contracts.dead_letter import DeadLetter, RejectedRecord, dead_letter_for, restore
from tests.strategies import rejected_records

FAILED_AT: Final = datetime(2026, 11, 22, 8, 0, 0, 120000, tzinfo=UTC)
SCHEMA: Final = Draft202012Validator(
    schemas.generate("dead_letter"), format_checker=Draft202012Validator.FORMAT_CHECKER
)


def a_record(**facts: Any) -> RejectedRecord:
    """Build a refused record."""
    defaults: dict[str, Any] = {"partition": 3, "offset": 1042, "timestamp": 1795334399871, "key": b"k-1"}
    defaults |= {"topic": "messages.sent.v1", "value": b"{}", "headers": ()}
    return RejectedRecord(**defaults | facts)


def a_dead_letter(**facts: Any) -> DeadLetter:
    """Build the dead letter of a refused record."""
    return dead_letter_for(a_record(**facts), BadRecordCode.MISSING_FIELD, "account: field required", FAILED_AT)


@given(record=rejected_records)
@example(record=a_record(key=None, value=None, headers=[("a", None), ("a", b""), ("a", b"\xff"), ("a", b"\x00")]))
def test_any_record_survives_the_round_trip_through_its_bytes(record: RejectedRecord) -> None:
    """Key, value and headers come back exactly, order, duplicates and nulls included; the bytes match the schema."""
    written = dead_letter_for(record, "invalid_json", "the value is no JSON", FAILED_AT).to_bytes()
    SCHEMA.validate(json.loads(written))
    assert restore(DeadLetter.model_validate_json(written)) == (record.key, record.value, list(record.headers))


@pytest.mark.parametrize(
    ("value", "payload", "encoding"),
    [
        (None, None, None),
        (b"", "", "utf-8"),
        ('{"a": "ї"}'.encode(), '{"a": "ї"}', "utf-8"),
        (b"\xff\xfe", "//4=", "base64"),
        (b"\xed\xa0\x80", "7aCA", "base64"),
        (b"\x01" * 6, "AQEBAQEB", "base64"),
        (b"a\nb\tc", "a\nb\tc", "utf-8"),
    ],
)
def test_text_stays_readable_unless_base64_is_smaller(
    value: bytes | None, payload: str | None, encoding: str | None
) -> None:
    """UTF-8 text is kept as text; other bytes, and text that escaping would swell beyond base64, are not."""
    letter = a_dead_letter(value=value)
    assert (letter.payload, letter.payload_encoding) == (payload, encoding)


def test_a_header_name_is_encoded_only_where_it_is_not_utf8() -> None:
    """Such a name is base64 and says so; any other stands as it is, without a word of its encoding."""
    letter = json.loads(a_dead_letter(headers=[("\udcff\udcfe", b"1"), ("ї", None)]).to_bytes())
    assert letter["headers"] == [
        {"name": "//4=", "name_encoding": "base64", "value": "1", "encoding": "utf-8"},
        {"name": "ї", "value": None, "encoding": None},
    ]


def test_reason_and_source_are_those_of_the_record() -> None:
    """The letter says why, where and when, in plain JSON."""
    letter = json.loads(a_dead_letter().to_bytes())
    assert letter["reason"] == {"code": "missing_field", "message": "account: field required"}
    assert letter["source"] == {
        "topic": "messages.sent.v1",
        "partition": 3,
        "offset": 1042,
        "timestamp": 1795334399871,
    }
    assert letter["failed_at"] == "2026-11-22T08:00:00.120Z"


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "a", "key_encoding": None},
        {"payload": None, "payload_encoding": "utf-8"},
        {"payload": "%%%", "payload_encoding": "base64"},
        {"payload": "ї", "payload_encoding": "base64"},
        {"payload": "YQ", "payload_encoding": "base64"},
        {"headers": [{"name": "a", "value": None, "encoding": "utf-8"}]},
        {"headers": [{"name": "//4", "name_encoding": "base64", "value": "a", "encoding": "utf-8"}]},
    ],
)
def test_letter_that_cannot_be_restored_is_refused_when_read(fields: dict[str, Any]) -> None:
    """Whoever reads a letter learns at once that it is broken, not when it is sent again."""
    letter = json.loads(a_dead_letter().to_bytes()) | fields
    assert not SCHEMA.is_valid(letter)
    with pytest.raises(ValidationError):
        DeadLetter.model_validate_json(json.dumps(letter))


def test_letter_of_a_later_version_can_be_read() -> None:
    """Fields that a later version adds don't stop an operator from sending records again."""
    letter = json.loads(a_dead_letter().to_bytes()) | {"added": 1}
    assert restore(DeadLetter.model_validate_json(json.dumps(letter))) == (b"k-1", b"{}", [])


def test_headers_are_cloudevents_in_binary_mode() -> None:
    """A dead letter is named by its own id, and its subject is the place of the record."""
    letter = a_dead_letter(headers=[("correlation-id", b"old"), ("correlation-id", b"new")])
    assert dead_letter_headers(letter) == [
        ("ce_specversion", b"1.0"),
        ("ce_id", letter.dead_letter_id.encode()),
        ("ce_type", b"delivery.dead-letter.v1"),
        ("ce_source", b"/relay/dead-letters"),
        ("ce_subject", b"messages.sent.v1/3/1042"),
        ("ce_time", b"2026-11-22T08:00:00.120Z"),
        ("ce_dataschema", b"urn:delivery-relay:schema:dead_letter:v1"),
        ("content-type", b"application/json"),
        ("correlation-id", b"new"),
    ]


@pytest.mark.parametrize("value", [None, b"", b"\xff"])
def test_unreadable_correlation_header_is_not_passed_on(value: bytes | None) -> None:
    """Header values that the relay writes are always UTF-8 text."""
    assert "correlation-id" not in dict(dead_letter_headers(a_dead_letter(headers=[("correlation-id", value)])))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b'{"correlation_id": "order-17"}', b"order-17"),
        (b'{"correlation_id": null}', b"c"),
        (b'{"correlation_id": 17}', b"c"),
        (b'{"correlation_id": "a\\u0007b"}', b"c"),
        (b'["correlation_id"]', b"c"),
        (b"{", b"c"),
        (b"\xff", b"c"),
        (None, b"c"),
    ],
)
def test_the_fields_correlation_id_goes_before_the_headers(value: bytes | None, told: bytes) -> None:
    """As it does for a record that is taken: the header counts where the field says none."""
    letter = a_dead_letter(value=value, headers=[("correlation-id", b"c")])
    assert dict(dead_letter_headers(letter))["correlation-id"] == told
