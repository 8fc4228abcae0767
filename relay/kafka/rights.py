"""What the user of a connection may do with topics and groups, as the brokers say it; nothing is tried out.

Uses private names of aiokafka's admin client, which is pinned, and has no call for these questions.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    TopicAuthorizationFailedError,
    for_code,
)

from relay.kafka.protocol import DescribeGroups, Metadata

RETRY_SECONDS = 0.2


class Operation(IntEnum):
    """An operation of Kafka's access control lists, by its number there."""

    READ = 3
    WRITE = 4
    DESCRIBE_CONFIGS = 10

    def __str__(self) -> str:
        """Name it as Kafka's tools do."""
        return self.name.title().replace("_", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a broker tells of a topic: `hidden` if the user may not know whether it is there."""

    present: bool
    hidden: bool
    partitions: int
    allowed: int

    def lacks(self, needed: Collection[Operation]) -> list[Operation]:
        """Return the operations that are not allowed."""
        return missing_in(self.allowed, needed)


def missing_in(allowed: int, needed: Collection[Operation]) -> list[Operation]:
    """Return the operations whose bits are not set; a negative number means that the broker does not tell."""
    return [] if allowed < 0 else [operation for operation in needed if not allowed >> operation & 1]


def named(operations: Sequence[Operation]) -> str:
    """Enumerate operations: `Read, Write and DescribeConfigs`."""
    *most, last = map(str, operations)
    return f"{', '.join(most)} and {last}" if most else last


async def described_topics(admin: AIOKafkaAdminClient, topics: Collection[str]) -> Mapping[str, Described]:
    """Ask for topics by name: Kafka leaves those that a user may not know out of the list of all."""
    response = await admin._send_request(Metadata(list(topics)))
    return {
        name: Described(
            present=not code,
            hidden=for_code(code) is TopicAuthorizationFailedError,
            partitions=len(partitions),
            allowed=allowed,
        )
        for code, name, _internal, partitions, allowed in response.topics
    }


async def forbidden_groups(admin: AIOKafkaAdminClient, groups: Collection[str]) -> list[str]:
    """Return a line for each group, which need not exist, that may not be used, with the fix."""
    forbidden = [group for group in groups if not await _may_read(admin, group)]
    return [f"{group}: no right to Read; allow Read on the group {group}" for group in forbidden]


async def occupied_groups(admin: AIOKafkaAdminClient, groups: Collection[str]) -> list[str]:
    """Return the groups that have members; aiokafka's own question fails for these."""
    occupied = []
    for group in groups:
        response = await admin._send_request(DescribeGroups([group]), await coordinator(admin, group))
        ((_code, _group, _state, _kind, _protocol, members, _allowed),) = response.groups
        if members:
            occupied.append(group)
    return occupied


async def _may_read(admin: AIOKafkaAdminClient, group: str) -> bool:
    try:
        node = await coordinator(admin, group)
    except GroupAuthorizationFailedError:
        return False
    response = await admin._send_request(DescribeGroups([group]), node)
    ((code, *_, allowed),) = response.groups
    return for_code(code) is not GroupAuthorizationFailedError and not missing_in(allowed, [Operation.READ])


async def coordinator(admin: AIOKafkaAdminClient, group: str) -> int:
    """Return the broker that keeps a group, which need not exist; raises what aiokafka raises."""
    while True:
        try:
            node: int = await admin.find_coordinator(group)
        except GroupCoordinatorNotAvailableError:  # a fresh Kafka makes its offsets topic at the first question
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return node
