"""Bytes of input records: every rule has its code, nothing but BadRecord leaves, and no value is ever quoted."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from relay.contracts import schemas
from relay.contracts.bad_record import BadRecord, BadRecordCode
from relay.contracts.decoding import MAX_RECORD_BYTES, Decoded, decode_fetch_request, decode_message_sent
from relay.contracts.fetch_request import FetchRequest
from relay.contracts.message_sent import MessageSent
from tests.strategies import fetch_request_objects, json_values, message_sent_objects

Decode = Callable[[bytes | None, str | None], Decoded[Any]]
DECODERS: Final[tuple[Decode, ...]] = (decode_fetch_request, decode_message_sent)
SECRET: Final = "380671234567"


def a_fetch_request(**fields: Any) -> bytes:
    """Build the bytes of a valid request, with fields replaced."""
    return json.dumps({"request_id": "req-1", "account": "hyber_main", "message_id": "m-1"} | fields).encode()


def a_message_sent(**fields: Any) -> bytes:
    """Build the bytes of a valid MessageSent, with fields replaced."""
    return json.dumps(
        {"account": "hyber_main", "message_id": "m-1", "sent_at": "2026-11-22T08:00:00Z"} | fields
    ).encode()


def refusal(decode: Decode, value: bytes | None, header: str | None = None) -> BadRecord:
    """Give the error of a value that must be refused."""
    with pytest.raises(BadRecord) as caught:
        decode(value, header)
    return caught.value


def error_of(decode: Decode, value: bytes) -> BadRecord | None:
    """Give the refusal of a value, None for one that is accepted; any other error fails the test."""
    try:
        decode(value, None)
    except BadRecord as error:
        return error
    return None


def accepts(decode: Decode, value: bytes) -> bool:
    """Tell whether a value is decoded; any error but BadRecord fails the test."""
    return error_of(decode, value) is None


def validator(name: str) -> Draft202012Validator:
    """Compile a generated schema, formats asserted."""
    return Draft202012Validator(schemas.generate(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


FETCH_REQUEST_SCHEMA: Final = validator("fetch_request")
MESSAGE_SENT_SCHEMA: Final = validator("message_sent")


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, BadRecordCode.EMPTY_VALUE),
        (b"", BadRecordCode.EMPTY_VALUE),
        (b" " * (MAX_RECORD_BYTES + 1), BadRecordCode.TOO_LARGE),
        (b'{"account":"\xff"}', BadRecordCode.NOT_UTF8),
        ('{"account":"a"}'.encode("utf-16"), BadRecordCode.NOT_UTF8),
        (b" ", BadRecordCode.INVALID_JSON),
        (b'{"account":', BadRecordCode.INVALID_JSON),
        (b'{"limit":NaN}', BadRecordCode.INVALID_JSON),
        (b'{"limit":-Infinity}', BadRecordCode.INVALID_JSON),
        (b'{"limit":' + b"9" * 5000 + b"}", BadRecordCode.INVALID_JSON),
        (b'{"account":"\\ud800"}', BadRecordCode.INVALID_JSON),
        (b"\xef\xbb\xbf{}", BadRecordCode.INVALID_JSON),
        (b"[" * 100_000, BadRecordCode.INVALID_JSON),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, BadRecordCode.INVALID_JSON),
        (b"[]", BadRecordCode.NOT_AN_OBJECT),
        (b"null", BadRecordCode.NOT_AN_OBJECT),
        (b"{}", BadRecordCode.MISSING_FIELD),
    ],
    ids=lambda part: repr(part)[:40],
)
def test_value_that_is_no_object_is_refused_with_its_code(
    decode: Decode, value: bytes | None, code: BadRecordCode
) -> None:
    """Every way of not being a JSON object has its own code."""
    assert refusal(decode, value).code is code


def test_value_of_exactly_one_mebibyte_is_accepted() -> None:
    """The limit itself is allowed; only more is too large."""
    value = a_fetch_request()
    assert decode_fetch_request(value + b" " * (MAX_RECORD_BYTES - len(value))).request.request_id == "req-1"


def test_an_empty_recipient_counts_as_absent() -> None:
    """Senders that don't know the number write nothing into the field."""
    assert decode_message_sent(a_message_sent(recipient="")).request.recipient is None


def test_request_defaults() -> None:
    """What is not given is None, except the two switches; the defaults of providers are applied elsewhere."""
    request = decode_fetch_request(a_fetch_request()).request
    assert (request.follow, request.republish) == (True, False)
    assert (request.detail, request.limit, request.expires_at) == (None, None, None)


def test_unknown_fields_are_named_in_order() -> None:
    """Unknown fields don't refuse a record, and are told by sorted name."""
    decoded = decode_fetch_request(a_fetch_request(zone=1, Account="x", tenant={"a": 1}))
    assert decoded.unknown_fields == ("Account", "tenant", "zone")


def test_last_of_a_repeated_field_counts() -> None:
    """A repeated field is defined, not an accident: the last one holds."""
    value = b'{"request_id":"first","account":"a","request_id":"last"}'
    assert decode_fetch_request(value).request.request_id == "last"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T08:00:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22t08:00:00z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T10:00:00+02:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T08:00:00.1234567Z", datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00+14:00", datetime(1969, 12, 31, 10, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_utc(text: str, instant: datetime) -> None:
    """Any RFC 3339 spelling with offset gives the same aware instant in UTC."""
    sent_at = decode_message_sent(a_message_sent(sent_at=text)).request.sent_at
    assert (sent_at, sent_at.tzinfo) == (instant, UTC)


@pytest.mark.parametrize("field", FetchRequest.model_fields)
def test_refusal_names_the_field(field: str) -> None:
    """A wrong type is an invalid field, told by its name."""
    error = refusal(decode_fetch_request, a_fetch_request(**{field: {}}))
    assert (error.code, error.message.split(":")[0]) == (BadRecordCode.INVALID_FIELD, field)


def test_refusal_names_the_place_in_a_list() -> None:
    """One wrong name among the channels is told by its index."""
    error = refusal(decode_message_sent, a_message_sent(channels=["viber", 7]))
    assert error.message.startswith("channels[1]: ")


def test_refusal_stays_short() -> None:
    """A record that is wrong everywhere gives a message of bounded length."""
    error = refusal(decode_message_sent, a_message_sent(channels=[1] * 32, account=1))
    assert error.message.endswith("and 28 more")


def test_correlation_header_counts_only_where_the_field_is_missing() -> None:
    """The field wins; absent or null, the header counts; an empty header counts as none."""
    assert decode_fetch_request(a_fetch_request(correlation_id="f"), "h").request.correlation_id == "f"
    assert decode_fetch_request(a_fetch_request(), "h").request.correlation_id == "h"
    assert decode_message_sent(a_message_sent(correlation_id=None), "h").request.correlation_id == "h"
    assert decode_fetch_request(a_fetch_request(), "").request.correlation_id is None


def test_correlation_header_obeys_the_rule_of_the_field() -> None:
    """A header that counts and breaks the rule is refused, and the message says that it was the header."""
    error = refusal(decode_fetch_request, a_fetch_request(), "c" * 257)
    assert error.message.startswith("the correlation-id header: ")
    assert decode_fetch_request(a_fetch_request(correlation_id="f"), "c" * 257).request.correlation_id == "f"


@given(value=st.binary(max_size=200), header=st.none() | st.text(max_size=5))
def test_arbitrary_bytes_raise_only_bad_record(value: bytes, header: str | None) -> None:
    """Whatever bytes come, the one error of decoding is BadRecord."""
    for decode in DECODERS:
        try:
            decode(value, header)
        except BadRecord as error:
            assert error.message  # noqa: PT017 - no error at all is fine too


@given(document=json_values)
def test_arbitrary_json_raises_only_bad_record(document: object) -> None:
    """Whatever JSON comes, the one error of decoding is BadRecord."""
    for decode in DECODERS:
        accepts(decode, json.dumps(document).encode())


@given(fields=fetch_request_objects)
@example(fields={"request_id": "r", "account": "a", "limit": 5.0})
def test_schema_and_code_judge_fetch_requests_alike(fields: dict[str, Any]) -> None:
    """A sender who validates with the published schema is never surprised, in either direction."""
    value = json.dumps(fields).encode()
    assert accepts(decode_fetch_request, value) == FETCH_REQUEST_SCHEMA.is_valid(json.loads(value))


@given(fields=message_sent_objects)
@example(fields={"account": "a", "message_id": "m", "sent_at": "2026-02-29T00:00:00Z"})
def test_schema_and_code_judge_sent_messages_alike(fields: dict[str, Any]) -> None:
    """A sender who validates with the published schema is never surprised, in either direction."""
    value = json.dumps(fields).encode()
    assert accepts(decode_message_sent, value) == MESSAGE_SENT_SCHEMA.is_valid(json.loads(value))


@pytest.mark.parametrize(
    "wrong",
    [
        {SECRET: SECRET},
        [SECRET],
        [{SECRET: 1}],
        int(SECRET),
        -int(SECRET),
        float(SECRET) + 0.5,
        f"{SECRET}\n",
        SECRET * 30,
        f"2026-11-22T08:00:00+{SECRET}",
    ],
    ids=lambda part: type(part).__name__,
)
def test_refusals_never_quote_a_value(wrong: object) -> None:
    """A phone number in a field of the wrong type or form never reaches the message, nor the exception's cause."""
    requests = (a_fetch_request(**{field: wrong, SECRET: SECRET}) for field in FetchRequest.model_fields)
    messages = (a_message_sent(**{field: wrong, SECRET: SECRET}) for field in MessageSent.model_fields)
    errors = [error for value in requests if (error := error_of(decode_fetch_request, value))]
    errors += [error for value in messages if (error := error_of(decode_message_sent, value))]
    assert len(errors) >= 5
    assert [error for error in errors if SECRET in f"{error!r}{error.message}{error.__cause__!r}"] == []


@pytest.mark.parametrize("broken", [f'{{"message_id": "{SECRET}", ', f'{{"{SECRET}": nil}}', f'"{SECRET}"', SECRET])
def test_refusals_of_broken_json_never_quote_it(broken: str) -> None:
    """Where JSON breaks is told by line and column, not by its text."""
    for decode in DECODERS:
        assert SECRET not in refusal(decode, broken.encode()).message
        assert SECRET not in refusal(decode, broken.encode() + b"\xff").message
