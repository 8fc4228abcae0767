"""The dead letters of the topic, in memory without their payloads: what each says, and what it is about."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from relay.contracts.dead_letter import DeadLetter, Source, restore
from relay.contracts.instants import format_instant
from relay.core.model import Json
from relay.explain.entries import Found
from relay.explain.inputs import fields_of

Judge = Callable[[DeadLetter], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A dead letter and where it stands; `account` only where its record tells it.

    `refusal`: why its record would be refused again, as far as is known; None where it would be accepted.
    `writable`: whether its record can be written again exactly as it was.
    """

    letter_id: str
    failed_at: datetime
    code: str
    message: str
    source: Source
    account: str | None
    size: int
    refusal: str | None
    writable: bool
    found_at: tuple[int, int]

    @property
    def came_from(self) -> str:
        """The place of the refused record."""
        return f"{self.source.topic}[{self.source.partition}]@{self.source.offset}"

    def as_json(self) -> Json:
        """Return what is known of it as plain JSON values."""
        partition, offset = self.found_at
        return {
            "dead_letter_id": self.letter_id,
            "failed_at": format_instant(self.failed_at),
            "code": self.code,
            "message": self.message,
            "source": self.source.model_dump(),
            "account": self.account,
            "payload_bytes": self.size,
            "partition": partition,
            "offset": offset,
        }


@dataclass(slots=True)
class Shelf:
    """Takes the records of the dead letters' topic in their order. A letter that was written twice counts once.

    `unreadable` names records that hold no dead letter.
    """

    judge: Judge
    letters: dict[str, Stored] = field(default_factory=dict)
    offsets: dict[int, dict[int, str]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def take(self, found: Found) -> None:
        """Take a record; the first of a letter holds."""
        letter = letter_in(found)
        letters = self.offsets.setdefault(found.partition, {})
        letters[found.offset] = letter.dead_letter_id if letter is not None else ""
        if letter is None:
            self.unreadable.append(found.where)
            return
        if letter.dead_letter_id not in self.letters:
            self.letters[letter.dead_letter_id] = _stored(letter, found, self.judge(letter))

    def places(self) -> dict[str, list[tuple[int, int]]]:
        """Return partition and offset of every record of each letter."""
        places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for partition, letters in self.offsets.items():
            for offset, letter_id in letters.items():
                places[letter_id].append((partition, offset))
        return places


def letter_in(found: Found) -> DeadLetter | None:
    """Return the dead letter that a record holds; None if it holds none."""
    try:
        return DeadLetter.model_validate_json(found.value or b"")
    except ValidationError:
        return None


def _stored(letter: DeadLetter, found: Found, refusal: str | None) -> Stored:
    _, value, _ = restore(letter)
    return Stored(
        letter_id=letter.dead_letter_id,
        failed_at=letter.failed_at,
        code=letter.reason.code,
        message=letter.reason.message,
        source=letter.source,
        account=account_of(letter, value),
        size=len(value or b""),
        refusal=refusal,
        writable=all(header.name_encoding is None for header in letter.headers),
        found_at=(found.partition, found.offset),
    )


def account_of(letter: DeadLetter, value: bytes | None) -> str | None:
    """Return the account that the refused record names: a stored answer in a header, a request in a field."""
    fields = fields_of(value or b"") or {}
    request = fields.get("request")
    named = [fields.get("account"), request.get("account") if isinstance(request, dict) else None]
    named += [header.value for header in letter.headers if header.name == "account" and header.encoding == "utf-8"]
    return next((name for name in named if isinstance(name, str)), None)
