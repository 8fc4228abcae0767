"""The ids that name a fact: the same fact has the same id in any process and after any replay.

Takes plain values, gives UUIDv5 strings; never draws a random one. Vectors: schemas/event_id_vectors.json.
"""

import hashlib
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Final

NAMESPACE: Final = "5aa7080f-6f25-448a-abdf-840bf9f3b5db"
"""The project's UUID namespace; changing it would rename every event ever published."""

_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_SEED: Final = hashlib.sha1(bytes.fromhex(NAMESPACE.replace("-", "")), usedforsecurity=False)


def event_id(
    *, provider: str, account: str, message_id: str | None, extra_id: str | None, event_type: str, inferred: bool
) -> str:
    """Name a status change of a message, which is known by `message_id` or, failing that, by `extra_id`.

    Raises ValueError where both ids are None.
    """
    if message_id is None:
        if extra_id is None:
            raise ValueError("an event needs a message_id or an extra_id")
        message_id = "extra:" + extra_id
    fact = _fact(event_type, inferred)
    return _uuid5(f"[{_source(provider, account)},{_quoted(message_id)},{fact}]")


@lru_cache(maxsize=1024)
def _source(provider: str, account: str) -> str:
    return f"{_quoted(provider)},{_quoted(account)}"


@lru_cache(maxsize=1024)
def _fact(event_type: str, inferred: bool) -> str:  # noqa: FBT001 - a cache's key
    return f"{_quoted(event_type)},{'true' if inferred else 'false'}"


def dead_letter_id(*, topic: str, partition: int, offset: int, element: int | None = None) -> str:
    """Name the dead letter of the record at this place, or of one element of it."""
    place = f"{partition},{offset}" if element is None else f"{partition},{offset},{element}"
    return _uuid5(f"[{_quoted(topic)},{place}]")


def _uuid5(name: str) -> str:
    """Hash directly: uuid.uuid5 builds an object only to print it, at several times the cost."""
    digest = _SEED.copy()
    digest.update(name.encode())
    text = digest.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
