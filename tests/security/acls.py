"""Access control lists of a broker, changed by Kafka's admin protocol; a change holds when the call returns."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from tests.polling import eventually_async

RESOURCES: Mapping[str, int] = MappingProxyType({"Topic": 2, "Group": 3, "Cluster": 4, "TransactionalId": 5})
OPERATIONS: Mapping[str, int] = MappingProxyType(
    {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10}
)
LITERAL, PREFIXED = 3, 4
ALLOW, ANY_HOST = 3, "*"
ROW = re.compile(r"^\| (Topic|Group|TransactionalId) \| `([^`]+)` \| (\w+) \|(.*)", re.MULTILINE)


class Right(NamedTuple):
    """One thing that a principal may do; a name that ends in `*` stands for all that begin so."""

    resource: str
    name: str
    operation: str

    def __str__(self) -> str:
        """Name it as a test's id."""
        return f"{self.operation} on {self.resource} {self.name}"


def documented(page: Path, heading: str, why: str = "") -> list[Right]:
    """Return the rights of the first table after a heading of a page, those whose reason holds some words."""
    section = page.read_text(encoding="utf-8").partition(f"# {heading}\n")[2].partition("\n#")[0]
    return [Right(*right) for *right, reason in ROW.findall(section) if why in reason]


class Acls:
    """The lists of the broker at an address where the caller is a super user."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def allow(self, principal: str, rights: Iterable[Right]) -> None:
        """Give rights."""
        await asyncio.gather(*(self._allow(principal, right) for right in rights))

    async def _allow(self, principal: str, right: Right) -> None:
        answer = await self._admin._send_to_controller(CreateAclsRequest(*_entry(principal, right)))
        assert [code for code, _ in answer.creation_responses] == [0], answer
        await self._until(principal, right, allowed=True)

    async def take(self, principal: str, right: Right) -> None:
        """Take a right away."""
        answer = await self._admin._send_to_controller(DeleteAclsRequest(*_entry(principal, right)))
        assert [(code, len(found)) for code, _, found in answer.filter_responses] == [(0, 1)], answer
        await self._until(principal, right, allowed=False)

    async def _until(self, principal: str, right: Right, *, allowed: bool) -> None:
        async def holds() -> bool:
            answer = await self._admin._send_request(DescribeAclsRequest(*_entry(principal, right)))
            return bool(answer.resources) is allowed

        await eventually_async(holds, what=f"{'right to' if allowed else 'end of'} {right}")


def _entry(principal: str, right: Right) -> tuple[int, str, int, str, str, int, int]:
    name = right.name.removesuffix("*")
    kind = PREFIXED if right.name.endswith("*") else LITERAL
    operation = OPERATIONS[right.operation]
    return RESOURCES[right.resource], name, kind, f"User:{principal}", ANY_HOST, operation, ALLOW
