"""Whether restored states lie where their owner looks for them: elsewhere they would be published again."""

from collections.abc import Sequence
from typing import Any

import pytest

from relay.kafka.partitions import partition_of
from relay.slot.answers import Answers
from relay.slot.homes import MisplacedStates, check_homes
from relay.slot.keys import account_shard_key, message_key, shard_key
from relay.slot.slot import Slot
from tests.builders import rules
from tests.slot.driven import FakeAsks, no_letter

PARTITIONS = 12
IDS = [f"m-{number}" for number in range(300)]


def owner_of(partition: int, keys: Sequence[bytes]) -> Slot:
    """Make a slot whose state topic held these keys; only hyber_main is configured."""
    member: Any = object()
    answers = Answers(lambda _account: None, no_letter, lambda: None)
    configured = {"hyber_main": rules()}
    slot = Slot(partition, member, configured.get, FakeAsks(), lambda: None, answers=answers)
    for key in keys:
        slot.store(key, b"{}")
    return slot


def keys_of(partition: int, account: str = "hyber_main") -> list[bytes]:
    """Return the keys of the messages that live in a partition."""
    here = [one for one in IDS if partition_of(shard_key(account, one, None), PARTITIONS) == partition]
    return [message_key(account, one) for one in here]


@pytest.mark.parametrize("partition", range(PARTITIONS))
def test_states_are_in_place(partition: int) -> None:
    """As long as the partition count stays what it was."""
    check_homes(owner_of(partition, keys_of(partition)), collected=(), partitions=PARTITIONS)


@pytest.mark.parametrize("partitions", [13, 24, 36])
def test_partitions_that_were_added_are_found_out(partitions: int) -> None:
    """The owner ends rather than look for known messages elsewhere; whoever owns a new partition holds nothing."""
    with pytest.raises(MisplacedStates, match=f"hyber_main in partition 3 belongs into .* of {partitions}: were"):
        check_homes(owner_of(3, keys_of(3)), collected=(), partitions=partitions)
    check_homes(owner_of(PARTITIONS, []), collected=(), partitions=partitions)


def test_states_of_accounts_that_are_gone_are_left_alone() -> None:
    """Whether they lived in one slot can't be told any more."""
    check_homes(owner_of(3, keys_of(4, "voice_gone")), collected=(), partitions=PARTITIONS)


def test_forged_keys_are_left_alone() -> None:
    """They say nothing of the others."""
    forged = [b"", b"nonsense", b"\xff/\xfe/", b"message/hyber_main", b"lookup/hyber_main/else/1"]
    check_homes(owner_of(3, [*forged, *keys_of(3)]), collected=(), partitions=PARTITIONS)


def test_collected_accounts_live_in_one_slot() -> None:
    """All their messages do."""
    home = partition_of(account_shard_key("hyber_main"), PARTITIONS)
    everything = [message_key("hyber_main", one) for one in IDS]
    check_homes(owner_of(home, everything), collected={"hyber_main"}, partitions=PARTITIONS)
    with pytest.raises(MisplacedStates):
        check_homes(owner_of(home + 1, everything), collected={"hyber_main"}, partitions=PARTITIONS)
