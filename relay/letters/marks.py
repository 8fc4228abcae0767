"""What was redriven, as a consumer group's offsets: docs/decisions/0014 says why. Pure.

Of a partition of dead letters: the committed offset is that of the first letter that was not redriven, and the
metadata tell which later ones were, and from when on all of this is known.
"""

import base64
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from relay.contracts.instants import format_instant

REMEMBERED = timedelta(days=7)  # offsets.retention.minutes of a broker, unless someone changes it
MOST_CHARACTERS = 4096  # offset.metadata.max.bytes of a broker, unless someone changes it
_VERSION = "1"


class MarksUnreadable(Exception):  # noqa: N818 - it states a fact
    """Another release wrote the marks, or another program commits offsets as this group."""


class TooScattered(Exception):  # noqa: N818 - it states a fact
    """Which letters were redriven, and which were not, changes too often along the partition to be noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The letters of a partition that were redriven: all before `offset`, and those at `later`.

    Nothing is forgotten of letters that were refused at `known_from` or after.
    """

    known_from: datetime
    offset: int = 0
    later: frozenset[int] = frozenset()

    def has(self, offset: int) -> bool:
        """Tell whether the letter at an offset was redriven."""
        return offset < self.offset or offset in self.later

    def added(self, redriven: Collection[int], letters: Iterable[int]) -> "Marks":
        """Return the marks with more letters; `letters`: the offsets of all that the partition holds."""
        marked = self.later | set(redriven)
        rest = sorted(offset for offset in letters if offset >= self.offset)
        open_ = next((offset for offset in rest if offset not in marked), None)
        first = open_ if open_ is not None else max([self.offset, *(offset + 1 for offset in marked)])
        return Marks(
            known_from=self.known_from, offset=first, later=frozenset(offset for offset in marked if offset > first)
        )

    @property
    def metadata(self) -> str:
        """The text that is committed beside the offset.

        Raises:
            TooScattered: Kafka would not take it.

        """
        bits = sum(1 << (offset - self.offset) for offset in self.later)
        packed = zlib.compress(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), 9)
        text = f"{_VERSION} {format_instant(self.known_from)} {base64.b64encode(packed).decode()}"
        if len(text) > MOST_CHARACTERS:
            raise TooScattered
        return text


def nothing_marked(now: datetime) -> Marks:
    """Return the marks where none are stored: there were none, or Kafka forgot them as it does after a while."""
    return Marks(known_from=now - REMEMBERED)


def marks_in(offset: int, metadata: str) -> Marks:
    """Return the marks that are committed as an offset and its metadata.

    Raises:
        MarksUnreadable: it is none of ours.

    """
    try:
        version, known_from, packed = metadata.split(" ")
        if version != _VERSION:
            raise MarksUnreadable
        bits = int.from_bytes(zlib.decompress(base64.b64decode(packed, validate=True)), "little")
        instant = datetime.fromisoformat(known_from)
        if instant.tzinfo is None:
            raise MarksUnreadable
    except (ValueError, zlib.error):
        raise MarksUnreadable from None
    later = frozenset(offset + place for place, bit in enumerate(reversed(f"{bits:b}")) if bit == "1")
    return Marks(known_from=instant, offset=offset, later=later)
