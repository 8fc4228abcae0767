"""Where keys go: as Kafka's other clients have it, however many are hashed at once."""

from random import Random

from aiokafka.partitioner import murmur2 as murmur2_of_another_client
from hypothesis import given
from hypothesis import strategies as st

from relay.kafka.partitions import FEW, hashes_of, partition_of

PARTITIONS = 12


@given(st.lists(st.binary(max_size=70), max_size=40))
def test_keys_go_where_other_clients_find_them(keys: list[bytes]) -> None:
    """Of any length, alone or side by side."""
    hashes = hashes_of(keys)
    for key in keys:
        expected = (murmur2_of_another_client(key) & 0x7FFFFFFF) % PARTITIONS
        assert partition_of(key, PARTITIONS) == expected
        assert hashes[key] % PARTITIONS == expected


@given(st.integers(0, 70), st.integers(FEW, 200), st.randoms(use_true_random=False))
def test_no_key_disturbs_its_neighbour(length: int, count: int, random: Random) -> None:
    """Many of one length lie side by side in one number, the extreme ones next to each other."""
    extremes = [bytes(length), b"\xff" * length]
    keys = [*extremes, *(bytes(random.choices(range(256), k=length)) for _ in range(count)), *extremes]
    hashes = hashes_of(keys)
    assert all(hashes[key] == murmur2_of_another_client(key) & 0x7FFFFFFF for key in keys)
