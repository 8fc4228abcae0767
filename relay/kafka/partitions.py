"""Which partition a key belongs to: Kafka's own murmur2, so that any other client finds a key where we put it."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from struct import pack, unpack, unpack_from

_M, _MASK, _SEED = 0x5BD1E995, 0xFFFFFFFF, 0x9747B28C
_POSITIVE = 0x7FFFFFFF
FEW = 4  # so many keys of one length are hashed faster one by one


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, as the Java client and aiokafka choose it."""
    return (murmur2(key) & _POSITIVE) % partitions


def hashes_of(keys: Iterable[bytes]) -> dict[bytes, int]:
    """Return for each key the number that, modulo the partitions of a topic, is the key's partition there."""
    hashes: dict[bytes, int] = {}
    for _, alike in groupby(sorted(set(keys), key=len), key=len):
        group = list(alike)
        hashed = map(murmur2, group) if len(group) < FEW else _murmur2_of(group)
        hashes.update(zip(group, (number & _POSITIVE for number in hashed), strict=True))
    return hashes


@lru_cache(maxsize=4096)  # the events of one message follow each other
def murmur2(data: bytes) -> int:
    """Return murmur2 of the bytes, unsigned, 32 bits; word by word, five times faster than aiokafka's byte by byte."""
    length = len(data)
    words = length >> 2
    h = _SEED ^ length
    for k in unpack_from(f"<{words}I", data):
        mixed = k * _M & _MASK
        mixed = (mixed ^ mixed >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ mixed
    tail = data[words << 2 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def _murmur2_of(keys: list[bytes]) -> tuple[int, ...]:
    """Return murmur2 of keys of one length, a fifth of the time each: all keys' words lie side by side in one number.

    A key has 64 bits of it, of which the upper 32 take what a multiplication carries, and are cleared after each.
    """
    count, length = len(keys), len(keys[0])
    words, padding = -(-length // 4), -length % 4
    lanes = f"<{count}Q"
    low = int.from_bytes(pack(lanes, *[_MASK] * count), "little")
    flat = unpack(f"<{words * count}I", b"".join(key + bytes(padding) for key in keys))
    h = int.from_bytes(pack(lanes, *[_SEED ^ length] * count), "little")
    for place in range(words):
        k = int.from_bytes(pack(lanes, *flat[place::words]), "little")
        if place == length // 4:  # the bytes behind the last whole word
            h = (h ^ k) * _M & low
            continue
        k = k * _M & low
        k = (k ^ (k >> 24 & low)) * _M & low
        h = (h * _M & low) ^ k
    h = (h ^ (h >> 13 & low)) * _M & low
    h ^= h >> 15 & low
    return unpack(lanes, h.to_bytes(8 * count, "little"))
