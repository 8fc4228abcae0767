"""What a request may and must name depends on the account's provider: the shape of its rules, and the checks.

Takes a decoded request, the provider's name and its rules; never looks up accounts.
"""

from dataclasses import dataclass

from relay.contracts.bad_record import BadRecord, BadRecordCode
from relay.contracts.fetch_request import FetchRequest
from relay.contracts.message_sent import MessageSent


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRules:
    """The rules of one provider: fields of others, ids of which exactly one is needed, what MessageSent needs."""

    foreign_fields: tuple[str, ...]
    exactly_one_of: tuple[str, ...] = ()
    sent_requires: tuple[str, ...] = ()


def check_fetch_request(request: FetchRequest, provider: str, rules: InputRules) -> None:
    """Check the ids and options of a request against its provider.

    Raises BadRecord naming the field.
    """
    for name in rules.foreign_fields:
        if getattr(request, name) is not None:
            raise BadRecord(BadRecordCode.FOREIGN_FIELD, f"{name}: not a field of {provider} requests: leave it out")
    _check_exactly_one(request, rules.exactly_one_of, provider)


def check_message_sent(message: MessageSent, provider: str, rules: InputRules) -> None:
    """Check the ids of a sent message against its provider.

    Raises BadRecord naming the field.
    """
    for name in rules.sent_requires:
        if getattr(message, name) is None:
            raise BadRecord(BadRecordCode.MISSING_FIELD, f"{name}: required for {provider}: add it")


def _check_exactly_one(request: FetchRequest, names: tuple[str, ...], provider: str) -> None:
    if not names:
        return
    given = len([name for name in names if getattr(request, name) is not None])  # half the time of a sum
    if given == 1:
        return
    code = BadRecordCode.CONFLICTING_FIELDS if given else BadRecordCode.MISSING_FIELD
    raise BadRecord(code, f"{', '.join(names)}: {provider} needs exactly one of them, not {given}")
