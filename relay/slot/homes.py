"""Where stored states belong: one that lies elsewhere isn't found by its message's requests, and is published again."""

from collections.abc import Collection
from itertools import islice

from relay.kafka.partitions import partition_of
from relay.slot.codec import UnreadableInternal
from relay.slot.keys import account_of, shard_of_state
from relay.slot.slot import Slot

SAMPLE = 100  # another partition count moves half of them at least


class MisplacedStates(UnreadableInternal):
    """States lie in partitions to which the relay would not look for them."""


def check_homes(slot: Slot, *, collected: Collection[str], partitions: int) -> None:
    """Hold a sample of restored states to the partition that they lie in; `collected`: accounts that live in one slot.

    Raises:
        MisplacedStates: one belongs elsewhere; states of accounts that are no longer configured are left alone.

    """
    for key in islice(slot.entries, SAMPLE):
        try:
            home = partition_of(shard_of_state(key, collected), partitions)
        except ValueError:  # forged; nobody asks for it
            continue
        if home != slot.partition and slot.rules_of(account_of(key)) is not None:
            raise MisplacedStates(
                f"a state of account {account_of(key)} in partition {slot.partition} belongs into {home} of "
                f"{partitions}: were partitions added, or was the account another provider's? See docs/scaling.md"
            )
