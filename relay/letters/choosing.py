"""Which dead letters are meant: by ids or by what they say; and a page of them, the newest first. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from relay.letters.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which dead letters are wanted; what is empty or None leaves none out."""

    ids: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    since: datetime | None = None

    @property
    def anything(self) -> bool:
        """Whether it leaves none out."""
        return self == Wanted()

    def has(self, letter: Stored) -> bool:
        """Tell whether a dead letter is wanted; `since` is about when it was refused."""
        return (
            (not self.ids or letter.letter_id in self.ids)
            and (not self.codes or letter.code in self.codes)
            and (not self.topics or letter.source.topic in self.topics)
            and (not self.accounts or letter.account in self.accounts)
            and (self.since is None or letter.failed_at >= self.since)
        )


class NoSuchLetter(LookupError):  # noqa: N818 - it states a fact
    """A page should go on after a dead letter that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some dead letters, how many more there are after them, and how many of each code, these and those."""

    letters: Sequence[Stored]
    more: int
    codes: Counter[str]


def page(letters: Iterable[Stored], wanted: Wanted, *, after: str | None, limit: int) -> Page:
    """Return the newest that are wanted, or those that come after one that was shown already.

    Raises:
        NoSuchLetter: there is no dead letter `after`.

    """
    ordered = sorted(letters, key=_newest_first, reverse=True)
    if after is not None:
        begin = next((at for at, letter in enumerate(ordered) if letter.letter_id == after), None)
        if begin is None:
            raise NoSuchLetter(after)
        ordered = ordered[begin + 1 :]
    found = [letter for letter in ordered if wanted.has(letter)]
    codes = Counter(letter.code for letter in found)
    return Page(letters=found[:limit], more=max(0, len(found) - limit), codes=codes)


def _newest_first(letter: Stored) -> tuple[datetime, str]:
    return letter.failed_at, letter.letter_id
