"""Tries what the relay needs of its surroundings: Kafka, its rights there, the topics, each account's provider.

Writes no record, consumes no report; gives a finding for each, never raises for what it finds, shows no secret.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from relay.account_checks import account_finding
from relay.configuration import Settings
from relay.contracts import schemas
from relay.core.rules import RETENTION_SECONDS
from relay.findings import Finding
from relay.kafka.connection import admin_of, client_options
from relay.kafka.groups import groups
from relay.kafka.handshake import refusal_of
from relay.kafka.rights import forbidden_groups
from relay.kafka.topics import topics_of

KAFKA_SECONDS = 15.0
DAY_SECONDS = 86_400
SCHEMAS = Path("schemas")


async def findings(settings: Settings) -> list[Finding]:
    """Try everything; Kafka and the accounts at the same time."""
    accounts = [account_finding(name, account) for name, account in settings.accounts.items()]
    kafka, *found = await asyncio.gather(kafka_findings(settings), *accounts)
    each_account = [finding for each in found for finding in each]
    return [configuration_finding(settings), *kafka, schemas_finding(SCHEMAS), *each_account]


def configuration_finding(settings: Settings) -> Finding:
    """Say where the configuration comes from; without an account there is nothing to do for a relay."""
    source = settings.source or "defaults and environment"
    count = len(settings.accounts)
    if not count:
        return Finding(
            what="configuration", ok=False, detail=f"{source}: no account", fix="add a table [accounts.NAME]"
        )
    return Finding(what="configuration", ok=True, detail=f"{source}: {count} account{'s' if count > 1 else ''}")


def schemas_finding(folder: Path) -> Finding:
    """Say whether the schemas that lie here, if any do, are those of this release's contracts."""
    count = len(schemas.PUBLISHED)
    if not any((folder / schemas.file_name(name)).is_file() for name in schemas.PUBLISHED):
        return Finding(what="schemas", ok=True, detail=f"{count} in this release; none in {folder} to compare with")
    differing = schemas.check(folder)
    if differing:
        told = ", ".join(line.partition(": ")[0] for line in differing)
        return Finding(what="schemas", ok=False, detail=told, fix="run `relay schemas write`")
    return Finding(what="schemas", ok=True, detail=f"{folder}: {count}, up to date")


async def kafka_findings(settings: Settings) -> list[Finding]:
    """Say whether brokers answer, and, if they do, whether the relay may use its group, transactions and topics."""
    servers = settings.kafka.bootstrap_servers
    if servers is None:
        return [Finding(what="kafka", ok=True, detail="not configured: `relay run` starts a local one")]
    reached = await brokers_finding(settings)
    if not reached.ok:
        return [reached]
    options = client_options(settings.kafka)
    group = settings.relay.group
    transactions = await _tried(
        "transactions",
        lambda: _transactions(options, group),
        detail=f"no transaction as {group}:*",
        fix=f"allow Write on the transactional ids that begin with {group}:",
    )
    return [reached, *await _groups(settings, options), transactions, *await _topics(settings, options)]


async def brokers_finding(settings: Settings) -> Finding:
    """Say whether the configured brokers answer; raises ConfigurationError for certificates that can't be read."""
    options, servers = client_options(settings.kafka), settings.kafka.bootstrap_servers
    found = await _tried(
        "kafka",
        lambda: _brokers(options),
        detail=f"no answer from {servers}",
        fix="start it, or correct [kafka]: bootstrap_servers, security_protocol, credentials",
    )
    if not found.ok and (refusal := await refusal_of(options)) is not None:
        return Finding(what="kafka", ok=False, detail=f"{servers}: {refusal.why}", fix=refusal.fix)
    return found


async def _tried(what: str, work: Callable[[], Awaitable[str]], *, detail: str, fix: str) -> Finding:
    """Do something with Kafka; what it returns or raises becomes the finding."""
    try:
        async with asyncio.timeout(KAFKA_SECONDS):
            return Finding(what=what, ok=True, detail=await work())
    except Exception as error:  # noqa: BLE001 - aiokafka raises many kinds
        return Finding(what=what, ok=False, detail=f"{detail} ({type(error).__name__})", fix=fix)


async def _brokers(options: Mapping[str, Any]) -> str:
    async with admin_of(options) as admin:
        count = len((await admin.describe_cluster())["brokers"])
        return f"{options['bootstrap_servers']}: {count} broker{'s' if count > 1 else ''}"


async def _groups(settings: Settings, options: Mapping[str, Any]) -> list[Finding]:
    problems: list[str] = []

    async def look() -> str:
        async with admin_of(options) as admin:
            problems.extend(await forbidden_groups(admin, groups(settings)))
        return settings.relay.group

    found = await _tried("consumer group", look, detail="can't be described", fix="look at Kafka's own log")
    return [_line_finding("consumer group", line) for line in problems] or [found]


async def _transactions(options: Mapping[str, Any], group: str) -> str:
    """Take a producer id for a transactional id that no relay uses; an empty transaction writes nothing."""
    producer = AIOKafkaProducer(**options, transactional_id=f"{group}:check")
    try:
        await producer.start()
        async with producer.transaction():
            pass
        return f"{group}:*"
    finally:
        await producer.stop()


async def _topics(settings: Settings, options: Mapping[str, Any]) -> list[Finding]:
    problems: list[str] = []

    async def look() -> str:
        async with topics_of(options, settings) as topics:
            problems.extend([*await topics.problems(), *await topics.forbidden()])
        return "all ten are as the relay needs them"

    found = await _tried("topics", look, detail="can't be described", fix="look at Kafka's own log")
    kept = await _inputs_kept(settings, options) if found.ok else []
    return [*([_line_finding("topics", line) for line in problems] or [found]), *kept]


async def _inputs_kept(settings: Settings, options: Mapping[str, Any]) -> list[Finding]:
    """Warn of input topics that are kept longer than finished messages are remembered; that is others' to choose."""
    try:
        async with asyncio.timeout(KAFKA_SECONDS), topics_of(options, settings) as topics:
            kept = await topics.inputs_kept()
    except Exception:  # noqa: BLE001 - aiokafka raises many kinds; the finding of the topics told of Kafka just now
        return []
    return [kept_finding(name, seconds) for name, seconds in kept.items()]


def kept_finding(topic: str, seconds: float | None) -> Finding:
    """Say whether an input topic outlives the memory of what was published; None: nobody tells how long it is kept."""
    days, what = f"{RETENTION_SECONDS / DAY_SECONDS:g} days", "input topics"
    if seconds is None:
        detail = f"{topic}: how long it is kept is not known: no right to DescribeConfigs, which nothing else needs"
        return Finding(what=what, ok=True, detail=detail)
    if seconds <= RETENTION_SECONDS:
        return Finding(
            what=what, ok=True, detail=f"{topic}: kept no longer than finished messages are remembered, {days}"
        )
    kept = "for ever" if seconds == math.inf else f"for {seconds / DAY_SECONDS:.3g} days"
    detail = (
        f"{topic}: kept {kept}, finished messages are remembered for {days}: read anew, older requests publish again"
    )
    fix = f"set its retention.ms to {RETENTION_SECONDS * 1000:.0f} at most, or let no relay read it from its beginning"
    return Finding(what=what, ok=True, detail=detail, fix=fix, warning=True)


def _line_finding(what: str, line: str) -> Finding:
    detail, _, fix = line.partition("; ")
    return Finding(what=what, ok=False, detail=detail, fix=fix or None)
