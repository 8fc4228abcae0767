"""The ten topics: what each must be like, creating those that are missing, and judging those that exist."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from relay.configuration import Settings
from relay.kafka.connection import admin_of
from relay.kafka.rights import Described, Operation, described_topics, named

RECORD_BYTES = 16 * 1_048_576
INPUT_BYTES = 8 * 1_048_576  # a record too large for us still arrives, and fits a dead letter in base64
PRESENT_TRIES, PRESENT_SECONDS = 50, 0.1
FOR_EVER = -1
TWO_WEEKS = str(14 * 86_400_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPlan:
    """One topic as the relay wants it; an `input` topic belongs to others and is never judged.

    `needed`: how the relay must be allowed to use its records.
    """

    name: str
    needed: tuple[Operation, ...]
    configs: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False
    input: bool = False

    @property
    def judged(self) -> bool:
        """Whether the topic's configuration must be read."""
        return bool(self.configs) and not self.input


def planned(settings: Settings) -> list[TopicPlan]:
    """Return the plan of all ten topics."""
    names = settings.topics
    large = {"max.message.bytes": str(RECORD_BYTES)}
    inputs = {"max.message.bytes": str(INPUT_BYTES)}
    return [
        TopicPlan(name=names.fetch_requests, needed=(Operation.READ,), configs=inputs, input=True),
        TopicPlan(name=names.messages_sent, needed=(Operation.READ,), configs=inputs, input=True),
        *(
            TopicPlan(name=name, needed=(Operation.WRITE,))
            for name in (names.delivered, names.seen, names.failed, names.answered)
        ),
        TopicPlan(name=names.dead_letters, needed=(Operation.WRITE,), configs=large),
        _internal(names.inbox, {"cleanup.policy": "delete", "retention.ms": TWO_WEEKS}),
        _internal(
            names.raw, {"cleanup.policy": "delete", "retention.ms": TWO_WEEKS, "compression.type": "zstd", **large}
        ),
        _internal(names.state, {"cleanup.policy": "compact"}),
    ]


def _internal(name: str, configs: Mapping[str, str]) -> TopicPlan:
    return TopicPlan(name=name, needed=(Operation.READ, Operation.WRITE), configs=configs, internal=True)


class Topics:
    """The topics of one Kafka, by its admin protocol. Methods raise what aiokafka raises while Kafka is away."""

    def __init__(self, admin: AIOKafkaAdminClient, settings: Settings) -> None:
        self._admin = admin
        self._settings = settings
        self._plans = planned(settings)

    async def create_missing(self) -> tuple[list[str], list[str]]:
        """Create the topics that are missing; return their names, and a line for each that could not be created."""
        described = await self._described()
        relay = self._settings.relay
        missing = [plan for plan in self._plans if not described[plan.name].present]
        if not missing:
            return [], []
        wanted = [
            NewTopic(plan.name, relay.partitions, relay.replication_factor, topic_configs=dict(plan.configs))
            for plan in missing
        ]
        response = await self._admin.create_topics(wanted)
        refused = {}
        for name, code, *message in response.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                why = (message[0] if message else None) or for_code(code).__name__
                fix = "create it yourself, or correct [relay]"
                if for_code(code) is TopicAuthorizationFailedError:
                    fix = f"allow Create on the topic {name}, or create it yourself"
                refused[name] = f"{name}: can't be created: {why}; {fix}"
        return [plan.name for plan in missing if plan.name not in refused], list(refused.values())

    async def until_present(self, names: Sequence[str]) -> None:
        """Wait until every broker that answers knows topics that were just created; a few moments at most."""
        for _ in range(PRESENT_TRIES):
            described = await self._described()
            if all(described[name].present for name in names):
                return
            await asyncio.sleep(PRESENT_SECONDS)

    async def problems(self) -> list[str]:
        """Return a line for each topic that can't be used as it is, with the fix."""
        described = await self._described()
        absent = [(plan, found) for plan in self._plans if not (found := described[plan.name]).present]
        problems = [_absent(plan, found, to_come=self._settings.relay.create_topics) for plan, found in absent]
        present = [plan for plan in self._plans if described[plan.name].present]
        internal = {plan.name: described[plan.name].partitions for plan in present if plan.internal}
        if len(set(internal.values())) > 1:
            counts = ", ".join(f"{name} {count}" for name, count in internal.items())
            problems.append(f"the internal topics must have one partition count: {counts}; create new ones and migrate")
        return problems + await self._wrong_configs([plan for plan in present if plan.judged])

    async def forbidden(self) -> list[str]:
        """Return a line for each topic whose records the user may not use as the relay does, with the fix."""
        described = await self._described()
        lacking = {plan.name: described[plan.name].lacks(plan.needed) for plan in self._plans}
        return [
            f"{name}: no right to {named(lacks)}; allow {named(lacks)} on the topic {name}"
            for name, lacks in lacking.items()
            if lacks and described[name].present
        ]

    async def partitions(self, topic: str) -> int:
        """Return the partition count of an existing topic."""
        return (await self._described())[topic].partitions

    async def counts(self) -> dict[str, int]:
        """Return the partition count of every topic that exists and may be seen."""
        described = await self._described()
        return {name: topic.partitions for name, topic in described.items() if topic.present}

    async def readable(self) -> dict[str, int]:
        """Return the partition count of every topic that exists and whose records may be read."""
        described = await self._described()
        return {
            name: topic.partitions
            for name, topic in described.items()
            if topic.present and not topic.lacks([Operation.READ])
        }

    async def inputs_kept(self) -> dict[str, float | None]:
        """Return for how many seconds each input topic that is there keeps a record; None where we may not know."""
        described = await self._described()
        plans = [plan for plan in self._plans if plan.input and described[plan.name].present]
        found = await self._configs(plans)
        return {plan.name: _kept_seconds(found[plan.name]) if plan.name in found else None for plan in plans}

    async def _described(self) -> Mapping[str, Described]:
        return await described_topics(self._admin, [plan.name for plan in self._plans])

    async def _wrong_configs(self, plans: Sequence[TopicPlan]) -> list[str]:
        found = await self._configs(plans)
        unknown = [_unjudged(plan) for plan in plans if plan.name not in found]
        return unknown + [line for plan in plans if plan.name in found for line in _judged(plan, found[plan.name])]

    async def _configs(self, plans: Sequence[TopicPlan]) -> dict[str, dict[str, str]]:
        """Return the configuration of those topics whose configuration may be read."""
        if not plans:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, plan.name) for plan in plans]
        return {
            name: {entry[0]: entry[1] for entry in entries}
            for response in await self._admin.describe_configs(resources)
            for code, _message, _kind, name, entries, *_ in response.resources
            if not code
        }


def _absent(plan: TopicPlan, found: Described, *, to_come: bool) -> str:
    if not found.hidden:
        unless = " or `relay run`, which creates it, too" if to_come else ""
        return f"{plan.name}: missing; run `relay topics create`{unless}"
    needed = named([*plan.needed, *[Operation.DESCRIBE_CONFIGS][: plan.judged]])
    return f"{plan.name}: no right to see it; allow {needed} on the topic {plan.name}, and create it if it is missing"


def _unjudged(plan: TopicPlan) -> str:
    return f"{plan.name}: its configuration can't be read; allow DescribeConfigs on the topic {plan.name}"


def _judged(plan: TopicPlan, actual: Mapping[str, str]) -> list[str]:
    lines = []
    policy = plan.configs.get("cleanup.policy")
    if policy is not None and actual.get("cleanup.policy") != policy:
        lines.append(f"{plan.name}: cleanup.policy must be {policy}; alter the topic's configuration")
    least = int(plan.configs.get("max.message.bytes", 0))
    if int(actual.get("max.message.bytes") or 0) < least:
        lines.append(f"{plan.name}: max.message.bytes must be at least {least}; alter the topic's configuration")
    return lines


def _kept_seconds(actual: Mapping[str, str]) -> float:
    milliseconds = int(actual.get("retention.ms") or FOR_EVER)
    deletes = "delete" in actual.get("cleanup.policy", "delete")
    return milliseconds / 1000 if deletes and milliseconds != FOR_EVER else math.inf


@contextlib.asynccontextmanager
async def topics_of(options: Mapping[str, Any], settings: Settings) -> AsyncIterator[Topics]:
    """Connect to Kafka's admin protocol for as long as it is used."""
    async with admin_of(options) as admin:
        yield Topics(admin, settings)
