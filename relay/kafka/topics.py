"""The ten topics: what each must be like, creating those that are missing, and judging those that exist."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from relay.configuration import Settings

RECORD_BYTES = 16 * 1_048_576
INPUT_BYTES = 8 * 1_048_576  # a record too large for us still arrives, and fits a dead letter in base64
PRESENT_TRIES, PRESENT_SECONDS = 50, 0.1
TWO_WEEKS = str(14 * 86_400_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPlan:
    """One topic as the relay wants it; an `input` topic belongs to others and is never judged."""

    name: str
    configs: Mapping[str, str] = field(default_factory=dict)
    internal: bool = False
    input: bool = False


def planned(settings: Settings) -> list[TopicPlan]:
    """Return the plan of all ten topics."""
    names = settings.topics
    large = {"max.message.bytes": str(RECORD_BYTES)}
    inputs = {"max.message.bytes": str(INPUT_BYTES)}
    return [
        TopicPlan(name=names.fetch_requests, configs=inputs, input=True),
        TopicPlan(name=names.messages_sent, configs=inputs, input=True),
        *(TopicPlan(name=name) for name in (names.delivered, names.seen, names.failed, names.answered)),
        TopicPlan(name=names.dead_letters, configs=large),
        TopicPlan(name=names.inbox, configs={"cleanup.policy": "delete", "retention.ms": TWO_WEEKS}, internal=True),
        TopicPlan(
            name=names.raw,
            configs={"cleanup.policy": "delete", "retention.ms": TWO_WEEKS, "compression.type": "zstd", **large},
            internal=True,
        ),
        TopicPlan(name=names.state, configs={"cleanup.policy": "compact"}, internal=True),
    ]


class Topics:
    """The topics of one Kafka, by its admin protocol. Methods raise what aiokafka raises while Kafka is away."""

    def __init__(self, admin: AIOKafkaAdminClient, settings: Settings) -> None:
        self._admin = admin
        self._settings = settings
        self._plans = planned(settings)

    async def create_missing(self) -> tuple[list[str], list[str]]:
        """Create the topics that are missing; return their names, and a line for each that could not be created."""
        present = await self._partitions()
        relay = self._settings.relay
        missing = [plan for plan in self._plans if plan.name not in present]
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
                refused[name] = f"{name}: can't be created: {why}; create it yourself, or correct [relay]"
        return [plan.name for plan in missing if plan.name not in refused], list(refused.values())

    async def until_present(self, names: Sequence[str]) -> None:
        """Wait until every broker that answers knows topics that were just created; a few moments at most."""
        for _ in range(PRESENT_TRIES):
            present = await self._partitions()
            if all(name in present for name in names):
                return
            await asyncio.sleep(PRESENT_SECONDS)

    async def problems(self) -> list[str]:
        """Return a line for each topic that can't be used as it is, with the fix."""
        present = await self._partitions()
        problems = [
            f"{plan.name}: missing; run `relay topics create`" for plan in self._plans if plan.name not in present
        ]
        internal = {plan.name: present[plan.name] for plan in self._plans if plan.internal and plan.name in present}
        if len(set(internal.values())) > 1:
            counts = ", ".join(f"{name} {count}" for name, count in internal.items())
            problems.append(f"the internal topics must have one partition count: {counts}; create new ones and migrate")
        judged = [plan for plan in self._plans if not plan.input and plan.configs and plan.name in present]
        return problems + await self._wrong_configs(judged)

    async def partitions(self, topic: str) -> int:
        """Return the partition count of an existing topic."""
        return (await self._partitions())[topic]

    async def counts(self) -> dict[str, int]:
        """Return the partition count of every topic that exists and may be seen."""
        return await self._partitions()

    async def _partitions(self) -> dict[str, int]:
        described = await self._admin.describe_topics()
        return {topic["topic"]: len(topic["partitions"]) for topic in described if not topic["error_code"]}

    async def _wrong_configs(self, plans: Sequence[TopicPlan]) -> list[str]:
        if not plans:
            return []
        resources = [ConfigResource(ConfigResourceType.TOPIC, plan.name) for plan in plans]
        found: dict[str, dict[str, str]] = {}
        for response in await self._admin.describe_configs(resources):
            for code, _message, _kind, name, entries, *_ in response.resources:
                if not code:
                    found[name] = {entry[0]: entry[1] for entry in entries}
        return [line for plan in plans if plan.name in found for line in _judged(plan, found[plan.name])]


def _judged(plan: TopicPlan, actual: Mapping[str, str]) -> list[str]:
    lines = []
    policy = plan.configs.get("cleanup.policy")
    if policy is not None and actual.get("cleanup.policy") != policy:
        lines.append(f"{plan.name}: cleanup.policy must be {policy}; alter the topic's configuration")
    least = int(plan.configs.get("max.message.bytes", 0))
    if int(actual.get("max.message.bytes") or 0) < least:
        lines.append(f"{plan.name}: max.message.bytes must be at least {least}; alter the topic's configuration")
    return lines


@contextlib.asynccontextmanager
async def topics_of(options: Mapping[str, Any], settings: Settings) -> AsyncIterator[Topics]:
    """Connect to Kafka's admin protocol for as long as it is used."""
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        yield Topics(admin, settings)
    finally:
        await admin.close()
