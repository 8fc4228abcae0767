"""The rules that depend on the provider of a request's account."""

import pytest

from relay.contracts.bad_record import BadRecord, BadRecordCode
from relay.contracts.fetch_request import FetchRequest
from relay.contracts.message_sent import MessageSent
from relay.contracts.rules import InputRules, check_fetch_request, check_message_sent
from relay.providers import PROVIDERS

Fields = dict[str, object]

RULES = {name: provider.input_rules for name, provider in PROVIDERS.items()} | {
    # A provider that drains what is unread: its rules differ in every part.
    "infobip_voice": InputRules(foreign_fields=("extra_id", "detail"), sent_requires=("message_id",)),
}


def a_request(fields: Fields) -> FetchRequest:
    """Build a request with the given fields beside the required ones."""
    return FetchRequest.model_validate({"request_id": "req-1", "account": "main"} | fields)


def a_sent_message(fields: Fields) -> MessageSent:
    """Build a sent message with the given fields beside the required ones."""
    return MessageSent.model_validate({"account": "main", "sent_at": "2026-11-22T08:00:00Z"} | fields)


@pytest.mark.parametrize(
    ("provider", "fields"),
    [
        ("hyber", {"message_id": "m"}),
        ("hyber", {"extra_id": "x", "detail": "simple"}),
        ("hyber", {"message_id": "m", "extra_id": None, "bulk_id": None, "limit": None}),
        ("infobip_voice", {}),
        ("infobip_voice", {"message_id": "m"}),
        ("infobip_voice", {"bulk_id": "b", "limit": 1}),
        ("infobip_voice", {"bulk_id": "b", "message_id": "m", "detail": None}),
    ],
)
def test_request_that_its_provider_can_answer_passes(provider: str, fields: Fields) -> None:
    """Every combination that the contract allows is accepted; null is not given."""
    check_fetch_request(a_request(fields), provider, RULES[provider])


@pytest.mark.parametrize(
    ("provider", "fields", "code", "named"),
    [
        ("hyber", {}, BadRecordCode.MISSING_FIELD, "message_id, extra_id"),
        ("hyber", {"message_id": "m", "extra_id": "x"}, BadRecordCode.CONFLICTING_FIELDS, "message_id, extra_id"),
        ("hyber", {"message_id": "m", "bulk_id": "b"}, BadRecordCode.FOREIGN_FIELD, "bulk_id"),
        ("hyber", {"message_id": "m", "limit": 5}, BadRecordCode.FOREIGN_FIELD, "limit"),
        ("infobip_voice", {"extra_id": "x"}, BadRecordCode.FOREIGN_FIELD, "extra_id"),
        ("infobip_voice", {"detail": "advanced"}, BadRecordCode.FOREIGN_FIELD, "detail"),
    ],
)
def test_request_that_its_provider_cannot_answer_names_the_field(
    provider: str, fields: Fields, code: BadRecordCode, named: str
) -> None:
    """A broken rule is told by code, field and provider."""
    with pytest.raises(BadRecord) as caught:
        check_fetch_request(a_request(fields), provider, RULES[provider])
    assert (caught.value.code, caught.value.message.split(":")[0]) == (code, named)
    assert provider in caught.value.message


@pytest.mark.parametrize(
    ("provider", "fields"),
    [
        ("hyber", {"message_id": "m"}),
        ("hyber", {"extra_id": "x"}),
        ("hyber", {"message_id": "m", "extra_id": "x", "bulk_id": "b"}),
        ("infobip_voice", {"message_id": "m", "extra_id": "x", "bulk_id": "b"}),
    ],
)
def test_sent_message_that_can_be_followed_passes(provider: str, fields: Fields) -> None:
    """One id is enough for Hyber; the message_id is enough for Infobip."""
    check_message_sent(a_sent_message(fields), provider, RULES[provider])


def test_infobip_needs_the_message_id_of_what_was_sent() -> None:
    """Reports of Infobip voice can be matched by message_id only."""
    with pytest.raises(BadRecord, match=r"^message_id: ") as caught:
        check_message_sent(a_sent_message({"extra_id": "x"}), "infobip_voice", RULES["infobip_voice"])
    assert caught.value.code is BadRecordCode.MISSING_FIELD
