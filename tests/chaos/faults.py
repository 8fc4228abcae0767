"""The table of all faults, and the order in which a seed deals them."""

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from tests.chaos import broker_faults, process_faults
from tests.chaos.provider_faults import PROVIDER_FAULTS
from tests.chaos.scene import Scene

Strike = Callable[[Scene], Awaitable[None]]

FAULTS: Mapping[str, Strike] = {
    "none": process_faults.nothing,
    "replica: one killed": process_faults.one_killed,
    "replica: both killed": process_faults.both_killed,
    "replica: frozen past its session": process_faults.frozen,
    "replica: frozen before its sends": process_faults.frozen_before_sends,
    "replica: frozen after its sends": process_faults.frozen_after_sends,
    "replica: frozen after its offsets": process_faults.frozen_after_offsets,
    "replica: killed after its sends": process_faults.killed_after_sends,
    "replica: killed after its offsets": process_faults.killed_after_offsets,
    "replica: ended in order": process_faults.ended_in_order,
    "replicas: 1, 2, 3, 1": process_faults.scaled,
    "replica: its clock moved": process_faults.clock_moved,
    "offsets: inputs from the beginning": process_faults.inputs_replayed,
    "offsets: inbox and raw from the beginning": process_faults.internals_replayed,
    "broker: restarted": broker_faults.restarted,
    "broker: killed": broker_faults.killed,
    "broker: away": broker_faults.away,
    **PROVIDER_FAULTS,
}

CLUSTER_FAULTS: Mapping[str, Strike] = {
    "cluster: one broker lost": broker_faults.one_lost,
    "cluster: its controller lost": broker_faults.controller_lost,
    "cluster: one broker lost, then the controller": broker_faults.one_then_controller_lost,
}
ALL = {**FAULTS, **CLUSTER_FAULTS}


def dealt(names: Sequence[str], seed: int) -> Iterator[str]:
    """Deal all faults in a random order, and again in another one, for ever."""
    draw = random.Random(f"{seed}/deck")
    while True:
        yield from draw.sample(names, len(names))
