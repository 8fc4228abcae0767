"""The dead letters that concern a message: refused requests for it, and answers about it that can't be read."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.contracts.dead_letter import DeadLetter, restore
from relay.core.model import Json
from relay.explain.entries import Entry, Found, Kind, joined
from relay.explain.inputs import fields_of
from relay.explain.names import Names, ids_in
from relay.letters.stored import account_of, letter_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettered:
    """A dead letter, the record that holds it, and the account that its record names."""

    letter: DeadLetter
    found: Found
    account: str | None


def concerning(found: Found, names: Names, accounts: frozenset[str] | None) -> Lettered | None:
    """Return the dead letter of a record if it is about the message; `accounts`: of these only, None for any."""
    return _lettered(found, accounts, lambda value, account: _is_about(value, account, names))


def concerning_bulk(found: Found, bulk_id: str, accounts: frozenset[str] | None) -> Lettered | None:
    """Return the dead letter of a record if it is about the bulk; `accounts` as above."""
    return _lettered(found, accounts, lambda value, _: _is_about_bulk(value, bulk_id))


def _lettered(found: Found, accounts: frozenset[str] | None, is_about: Callable[[bytes, str], bool]) -> Lettered | None:
    letter = letter_in(found)
    if letter is None:
        return None
    _, value, _ = restore(letter)
    account = account_of(letter, value)
    if value is None or (accounts is not None and account not in accounts) or not is_about(value, account or ""):
        return None
    return Lettered(letter=letter, found=found, account=account)


def _requests_in(value: bytes) -> list[Json]:
    """Return the fields of a request, be it a record of an input topic or of the inbox; one of both is empty."""
    fields = fields_of(value) or {}
    request = fields.get("request")
    return [fields, request if isinstance(request, dict) else {}]


def _is_about_bulk(value: bytes, bulk_id: str) -> bool:
    """Tell by the fields of a request; of anything else, by the id itself."""
    told = [each["bulk_id"] for each in _requests_in(value) if "bulk_id" in each]
    return bulk_id in told or (not told and bulk_id.encode() in value)


def _is_about(value: bytes, account: str, names: Names) -> bool:
    """Tell by the fields of a request; of anything else, by the id itself, wherever in it that stands."""
    for each in _requests_in(value):
        if ids_in(each) != (None, None):
            return names.mean(account, *ids_in(each))
        if "bulk_id" in each:  # whatever was unread of it
            return False
    return any(name.encode() in value for name in names.message_ids(account))


def letter_entry(lettered: Lettered) -> Entry:
    """Tell of a dead letter; nothing of its payload."""
    letter, source = lettered.letter, lettered.letter.source
    details: Json = {
        "dead_letter_id": letter.dead_letter_id,
        "code": letter.reason.code,
        "message": letter.reason.message,
        "source": source.model_dump(),
    }
    return Entry(
        at=letter.failed_at,
        kind=Kind.DEAD_LETTER,
        account=lettered.account,
        text=joined(
            f"{letter.reason.code}: {letter.reason.message}",
            f"refused at {source.topic}[{source.partition}]@{source.offset}",
            f"dead_letter_id {letter.dead_letter_id}",
        ),
        details=details,
        found=lettered.found,
    )
