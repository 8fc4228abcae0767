"""Hostile records among the load, and what became of them: each must be one dead letter that gives back its bytes.

A letter's identity is its `dead_letter_id`: a record that is read again, after a crash or with offsets set back, leads
to the same letter again.
"""

import asyncio
import base64
import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError

from tests.chaos.checker import Verdict
from tests.poison.inputs import HOSTILE, NEVER_ASKED, Hostile, key_of
from tests.poison.writing import write_alone
from tests.running import World

AGAIN_SECONDS = 0.3
Place = tuple[str, int, int]  # topic, partition, offset
Headers = Sequence[tuple[str, bytes | None]]


def slim(letter: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep of a dead letter what is judged: letters may hold many megabytes."""
    source = letter["source"]
    key, value = (_bytes(letter[name], letter[f"{name}_encoding"]) for name in ("key", "payload"))
    headers = [(_name(header), _bytes(header["value"], header["encoding"])) for header in letter["headers"]]
    return {
        "dead_letter_id": letter["dead_letter_id"],
        "place": (source["topic"], source["partition"], source["offset"]),
        "digest": _digest(letter["reason"]["code"], key, value, headers),
    }


class Poison:
    """Writes hostile records, all kinds in turn, and holds the dead letters against them."""

    def __init__(self, world: World, draw: random.Random) -> None:
        self.written: dict[Place, str] = {}  # what each acknowledged record must come back as
        self._world = world
        self._draw = draw
        self._deck: list[str] = []
        self._kinds = {_digest_of(name, hostile) for name, hostile in HOSTILE.items()}

    async def write(self) -> None:
        """Write the next one, again where Kafka doesn't take it: then there may be two, and of one nobody knows."""
        self._deck = self._deck or self._draw.sample(sorted(HOSTILE), len(HOSTILE))
        name = self._deck.pop()
        hostile, partition = HOSTILE[name], self._draw.randrange(self._world.partitions)
        while True:
            try:
                kept = await write_alone(
                    self._world,
                    hostile.topic,
                    hostile.value,
                    key=key_of(name, hostile),
                    headers=hostile.headers,
                    codec=hostile.codec,
                    partition=partition,
                )
            except KafkaError:
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                self.written[kept.topic, kept.partition, kept.offset] = _digest_of(name, hostile)
                return

    def missing(self, letters: Sequence[Mapping[str, Any]]) -> set[Place]:
        """Return where records lie that have no letter yet."""
        return set(self.written) - {letter["place"] for letter in letters}

    def judge(self, letters: Sequence[Mapping[str, Any]]) -> Verdict:
        """Hold all letters against all records; one of a record that nobody acknowledged must be of a known kind."""
        first: dict[Place, str] = {}
        wrong = []
        for letter in letters:
            place, digest = letter["place"], letter["digest"]
            allowed = {self.written[place]} if place in self.written else self._kinds
            if digest not in allowed:
                wrong.append(f"{_told(place)}: its letter gives back something else")
            if first.setdefault(place, letter["dead_letter_id"]) != letter["dead_letter_id"]:
                wrong.append(f"{_told(place)}: letters of two ids")
        asked = [lookup for lookup in self._world.simulator.lookups if lookup.message_id == NEVER_ASKED]
        return Verdict(
            lost=tuple(f"{_told(place)}: no letter" for place in sorted(self.missing(letters))),
            contradictory=(*wrong, *(f"{lookup.message_id}: asked about" for lookup in asked)),
        )


def _told(place: Place) -> str:
    topic, partition, offset = place
    return f"hostile record {topic}/{partition}/{offset}"


def _digest_of(name: str, hostile: Hostile) -> str:
    return _digest(hostile.code, key_of(name, hostile), hostile.value, hostile.headers)


def _digest(code: str, key: bytes | None, value: bytes | None, headers: Headers) -> str:
    told = hashlib.sha256(repr((code, key, [*headers], value is None)).encode())
    told.update(value or b"")
    return told.hexdigest()


def _name(header: Mapping[str, str]) -> str:
    if header.get("name_encoding") is None:
        return header["name"]
    return base64.b64decode(header["name"]).decode("utf-8", "surrogateescape")


def _bytes(text: str | None, encoding: str) -> bytes | None:
    if text is None:
        return None
    return base64.b64decode(text) if encoding == "base64" else text.encode()
