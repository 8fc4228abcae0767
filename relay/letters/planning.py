"""What a redrive would do with each dead letter that is meant, and why with some nothing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from relay.configuration import TopicSettings
from relay.core.model import Json
from relay.letters.choosing import Wanted
from relay.letters.marks import Marks
from relay.letters.stored import Shelf, Stored


class Verdict(StrEnum):
    """What becomes of a letter."""

    WRITE = "write"
    REDRIVEN = "redriven"
    """It was redriven before."""
    INTERNAL = "internal"
    """Its record stands in a topic of the relay's own."""
    ELSEWHERE = "elsewhere"
    """Its record's topic is none of those that the relay reads, or is not there."""
    FORGOTTEN = "forgotten"
    """It is too old to know whether it was redriven, and was not named."""
    REFUSED = "refused"
    """It would be refused again, and such were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A letter, its verdict, and why nothing is done with it; `partition`: where its record would be written."""

    letter: Stored
    verdict: Verdict
    partition: int = 0
    why: str | None = None

    @property
    def hopeless(self) -> bool:
        """Whether its record is not, and will not be, where it came from."""
        return self.verdict not in (Verdict.WRITE, Verdict.REDRIVEN)

    def as_json(self) -> Json:
        """Return it as plain JSON values."""
        written = self.verdict is Verdict.WRITE
        return {
            **self.letter.as_json(),
            "verdict": self.verdict.value,
            "why": self.why,
            "to": {"topic": self.letter.source.topic, "partition": self.partition} if written else None,
            "would_be_refused": self.letter.refusal,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the operator asked for."""

    wanted: Wanted
    only_acceptable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The topics' names, and how many partitions each has that exists."""

    topics: TopicSettings
    counts: Mapping[str, int]


def redriven_ids(shelf: Shelf, marks: Mapping[int, Marks]) -> frozenset[str]:
    """Return the letters that were redriven, by whichever of their records."""
    return frozenset(
        letter_id
        for letter_id, places in shelf.places().items()
        if any(marks[partition].has(offset) for partition, offset in places)
    )


def planned(shelf: Shelf, marks: Mapping[int, Marks], choice: Choice, around: Surroundings) -> list[Planned]:
    """Say what becomes of each letter that is wanted, in the order in which they stand."""
    redriven = redriven_ids(shelf, marks)
    wanted = [letter for letter in shelf.letters.values() if choice.wanted.has(letter)]
    wanted.sort(key=lambda letter: letter.found_at)
    return [_planned(letter, redriven, marks[letter.found_at[0]], choice, around) for letter in wanted]


def _planned(letter: Stored, redriven: frozenset[str], marks: Marks, choice: Choice, around: Surroundings) -> Planned:
    if letter.letter_id in redriven:
        return Planned(letter=letter, verdict=Verdict.REDRIVEN, why="it was redriven before")
    if (unfit := _not_for_inputs(letter, around)) is not None:
        return unfit
    if letter.failed_at < marks.known_from and letter.letter_id not in choice.wanted.ids:
        why = "Kafka has forgotten by now whether it was redriven; name it by its id to redrive it all the same"
        return Planned(letter=letter, verdict=Verdict.FORGOTTEN, why=why)
    if choice.only_acceptable and letter.refusal is not None:
        why = f"it would be refused again: {letter.refusal}"
        return Planned(letter=letter, verdict=Verdict.REFUSED, why=why)
    source = letter.source
    partition = source.partition if source.partition < around.counts[source.topic] else 0
    return Planned(letter=letter, verdict=Verdict.WRITE, partition=partition)


def _not_for_inputs(letter: Stored, around: Surroundings) -> Planned | None:
    """Return the verdict on what must not be written back where it stood."""
    topics, topic = around.topics, letter.source.topic
    why = {
        topics.raw: "it is a provider's answer, kept where only the relay writes: what it can't read stays there, and "
        "the calls in it are looked up in the provider's log; a release that reads it needs the answer, not a copy",
        topics.inbox: "it is a request on its way to its slot, where only the relay writes: send the request again to "
        "the topic that it came from",
        topics.state: "it is a state of the relay's own",
    }.get(topic)
    if why is not None:
        return Planned(letter=letter, verdict=Verdict.INTERNAL, why=why)
    if topic not in (topics.fetch_requests, topics.messages_sent):
        why = f"{topic} is not a topic that this configuration's relay reads"
        return Planned(letter=letter, verdict=Verdict.ELSEWHERE, why=why)
    if not around.counts.get(topic):
        return Planned(letter=letter, verdict=Verdict.ELSEWHERE, why=f"{topic} is missing, or hidden from us")
    if not letter.writable:
        why = "the name of a header is not UTF-8: it would be refused again"
        return Planned(letter=letter, verdict=Verdict.REFUSED, why=why)
    return None
