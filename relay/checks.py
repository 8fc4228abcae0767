"""Tries what the relay needs of its surroundings: Kafka, its rights there, the topics, each account's provider.

Writes no record, consumes no report; gives a finding for each, never raises for what it finds, shows no secret.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from relay.configuration import Settings
from relay.contracts import schemas
from relay.kafka.connection import admin_of, client_options
from relay.kafka.groups import groups
from relay.kafka.handshake import refusal_of
from relay.kafka.rights import forbidden_groups
from relay.kafka.topics import topics_of
from relay.lookups.client import PyreqwestHttp
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.reading import Garbled, Sense, is_success, sense_of
from relay.printable import printable
from relay.providers import PROVIDERS, Asks, Collects
from relay.providers.account import Account

KAFKA_SECONDS = 15.0
SCHEMAS = Path("schemas")
FAILURES: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.TIMED_OUT: "it takes too long",
        Failure.CONNECTION: "no connection",
        Failure.TRUNCATED: "it is cut off",
        Failure.OVERSIZED: "it is too large",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tried; `fix` says what to do where it failed."""

    what: str
    ok: bool
    detail: str
    fix: str | None = None


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


async def account_finding(name: str, account: Account) -> list[Finding]:
    """Send the provider's harmless request and say what the answer means."""
    what = f"account {name}"
    request = PROVIDERS[account.provider].probe(account)
    if request is None:
        return [
            Finding(
                what=what,
                ok=True,
                detail="not asked: as the account is configured, every request would consume reports",
            )
        ]
    http = PyreqwestHttp(
        account.base_url,
        headers=PROVIDERS[account.provider].credentials(account),
        timeout_seconds=account.timeout_seconds,
        ca_file=account.ssl_cafile,
    )
    try:
        return [judged(what, account, await http.get(request))]
    except HttpFailure as failure:
        said = f" ({printable(failure.detail)})" if failure.detail else ""
        detail = f"no usable answer from {account.base_url}: {FAILURES[failure.kind]}{said}"
        fix = f"correct accounts.{name}.base_url, or the network between"
        return [Finding(what=what, ok=False, detail=detail, fix=fix)]
    finally:
        await http.close()


def judged(what: str, account: Account, response: HttpResponse) -> Finding:
    """Say what an answer to the harmless request means: that its message is unknown is the best that can be."""
    name = what.replace("account ", "accounts.")
    match sense_of(response.status):
        case Sense.REFUSED:
            detail, fix = "the provider refuses the credentials", f"correct the credentials of {name}"
        case Sense.THROTTLED:
            detail, fix = "the provider wants fewer requests", "wait a minute and check again"
        case Sense.UNAVAILABLE:
            detail, fix = "the provider can't answer now", f"try again later, or correct {name}.base_url"
        case Sense.READ if not _is_the_providers(response, account):
            detail, fix = "the answer is not this provider's", f"correct {name}: base_url and its paths"
        case Sense.READ:
            return Finding(what=what, ok=True, detail=f"{account.provider} answers and accepts the credentials")
    return Finding(what=what, ok=False, detail=f"{detail} (HTTP {response.status})", fix=fix)


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
    return [_line_finding("topics", line) for line in problems] or [found]


def _line_finding(what: str, line: str) -> Finding:
    detail, _, fix = line.partition("; ")
    return Finding(what=what, ok=False, detail=detail, fix=fix or None)


def _is_the_providers(response: HttpResponse, account: Account) -> bool:
    """Tell whether an answer to the probe looks like the provider's: also the one that it doesn't know a message."""
    match PROVIDERS[account.provider].reports:
        case Asks():
            return _is_object(response.body)
        case Collects() as collects:
            try:
                collects.read_page(response.body, response.content_type, account)
            except Garbled:
                return False
            return is_success(response.status)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(orjson.loads(body), dict)
    except orjson.JSONDecodeError:
        return False
