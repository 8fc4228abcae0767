"""What can change in a contract, and what each change means for the other side: harmless, breaking, or not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Direction(StrEnum):
    """Who is on the other side."""

    INPUT = "input"
    """Producers write by the schema, the relay reads."""
    OUTPUT = "output"
    """The relay writes by the schema, consumers read."""


class Kind(StrEnum):
    """What happened to a rule or a field."""

    WIDENED = "widened"
    """More is allowed than before."""
    NARROWED = "narrowed"
    """Less is allowed than before."""
    ADDED = "added"
    """A field that may be absent, where more fields were allowed."""
    APPEARED = "appeared"
    """A field that is always there, and was not known before."""
    REMOVED = "removed"
    """A field, a header or a topic that is not there any more."""
    LOST_WORD = "lost_word"
    """A closed list of words became shorter."""
    CLOSED = "closed"
    """What could grow can't any more."""
    DEFAULT = "default"
    """What an absent field stands for."""
    REPLACED = "replaced"
    """A name that others hold on to."""
    REWORDED = "reworded"
    """Descriptions, which bind nobody."""
    UNCLEAR = "unclear"
    """What the comparison can't judge."""


class Verdict(StrEnum):
    """What a change does to the other side."""

    HARMLESS = "harmless"
    BREAKING = "breaking"
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: `what` happened to `subject`, both in words."""

    subject: str
    what: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A change with its verdict, told in one sentence."""

    verdict: Verdict
    text: str


_HARMLESS, _BREAKING = Verdict.HARMLESS, Verdict.BREAKING
_UNCLASSIFIED: Final = (
    Verdict.UNCLASSIFIED,
    "what that means can't be told by rule, so it is refused; keep what was released, or publish a new version",
)
_REWORDED: Final = (_HARMLESS, "descriptions bind nobody")
_ON_OUTPUT: Final[Mapping[Kind, tuple[Verdict, str]]] = {
    Kind.WIDENED: (_BREAKING, "consumers that rely on what was released would fail on what they never had to expect"),
    Kind.NARROWED: (_HARMLESS, "consumers expect that, and more"),
    Kind.ADDED: (_HARMLESS, "consumers pass over what they don't know"),
    Kind.APPEARED: (_HARMLESS, "consumers pass over what they don't know; records from before lack it"),
    Kind.REMOVED: (_BREAKING, "consumers that read it would miss it"),
    Kind.LOST_WORD: (_BREAKING, "consumers that wait for it would wait for ever"),
    Kind.CLOSED: (_BREAKING, "consumers that check by it would refuse whatever is added later"),
    Kind.DEFAULT: (_BREAKING, "consumers that fill it in would take it for something else"),
    Kind.REPLACED: (_BREAKING, "consumers that know it by its name would not find it"),
    Kind.REWORDED: _REWORDED,
    Kind.UNCLEAR: _UNCLASSIFIED,
}
_ON_INPUT: Final[Mapping[Kind, tuple[Verdict, str]]] = {
    Kind.WIDENED: (_HARMLESS, "what producers send is accepted as before"),
    Kind.NARROWED: (_BREAKING, "what producers were allowed to send would become dead letters"),
    Kind.ADDED: (_HARMLESS, "producers need not give it"),
    Kind.APPEARED: (_BREAKING, "producers don't give it yet, and their records would become dead letters"),
    Kind.REMOVED: (_BREAKING, "producers that give it would no longer be heeded"),
    Kind.LOST_WORD: (_BREAKING, "what producers send with it would become dead letters"),
    Kind.CLOSED: (_BREAKING, "producers that send more than that would be refused"),
    Kind.DEFAULT: (_BREAKING, "producers that leave it out would get something else"),
    Kind.REPLACED: (_BREAKING, "producers that know it by its name would not find it"),
    Kind.REWORDED: _REWORDED,
    Kind.UNCLEAR: _UNCLASSIFIED,
}
_MEANING: Final = {Direction.OUTPUT: _ON_OUTPUT, Direction.INPUT: _ON_INPUT}


def judged(change: Change, direction: Direction, contract: str) -> Finding:
    """Say what a change of a contract means for the other side."""
    verdict, consequence = _MEANING[direction][change.kind]
    return Finding(verdict=verdict, text=f"{contract}: {change.subject} {change.what}: {consequence}")
