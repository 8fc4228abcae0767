"""The configured accounts as what asks their providers."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from relay.configuration import Settings
from relay.core.collecting import Intent
from relay.core.rules import Collecting
from relay.lookups.account import AccountLookups
from relay.lookups.accounts import Accounts, Lookups
from relay.lookups.client import HttpClient
from relay.lookups.collected import CollectedAccount
from relay.lookups.door import Door
from relay.lookups.gate import Gate
from relay.lookups.http import HttpRequest
from relay.lookups.log import LogLookups
from relay.lookups.pacing import Pace
from relay.lookups.pages import Page
from relay.observe.metrics import Metrics
from relay.observe.tracing import OFF, Tracing
from relay.providers import PROVIDERS, Asks, Collects, is_collected
from relay.providers.account import Account
from relay.pulse import Pulse, Steady

READ_ONCE_BYTES = 64 * 1_048_576  # a body that is refused for its size is lost


@dataclass(slots=True)
class Built:
    """What asks the providers of all accounts, and which of them are collected."""

    accounts: Accounts
    collected: dict[str, tuple[CollectedAccount, Collecting]] = field(default_factory=dict)


def built_accounts(
    settings: Settings, partitions: int, metrics: Metrics, pulse: Pulse, tracing: Tracing = OFF
) -> Built:
    """Build what asks the providers of all accounts; `partitions`: how many slots there are over all processes."""
    lookups: dict[str, Lookups] = {}
    collected: dict[str, tuple[CollectedAccount, Collecting]] = {}
    for name, account in settings.accounts.items():
        match PROVIDERS[account.provider].reports:
            case Asks() as asks:
                lookups[name] = account_lookups(name, account, asks, metrics, pulse, tracing)
            case Collects() as collects:
                source = collected_account(name, account, collects, metrics, pulse)
                lookups[name] = source.log
                collected[name] = (source, collects.collecting(account))
    sources = [source for source, _ in collected.values()]
    return Built(Accounts(lookups, sources, partitions=partitions), collected)


def collected_names(settings: Settings) -> frozenset[str]:
    """Return the accounts whose reports are collected: each lives in one slot."""
    return frozenset(name for name, account in settings.accounts.items() if is_collected(account))


def account_lookups(
    name: str, account: Account, asks: Asks, metrics: Metrics, pulse: Pulse, tracing: Tracing = OFF
) -> AccountLookups:
    """Build what asks an account's provider for each message."""
    return AccountLookups(
        name,
        http=Steady(_http(account), pulse),
        pace=Pace(
            rate_per_second=account.rate_per_second,
            concurrency=asks.concurrency(account),
            timeout_seconds=account.timeout_seconds,
        ),
        to_request=lambda lookup: asks.to_request(lookup, account),
        interpret=lambda response, lookup, now: asks.interpret(response, lookup, now, account),
        metrics=metrics,
        tracing=tracing,
    )


def collected_account(
    name: str, account: Account, collects: Collects, metrics: Metrics, pulse: Pulse
) -> CollectedAccount:
    """Build what collects an account's reports, and reads its log; both through the same connections."""
    http = _http(account, max_bytes=READ_ONCE_BYTES, keep_cut=True)

    def to_request(intent: Intent) -> HttpRequest:
        return collects.drain_request(account, bulk_id=intent.bulk_id, message_id=intent.message_id, limit=intent.limit)

    def read_page(body: bytes, content_type: str | None) -> Page:
        return collects.read_page(body, content_type, account)

    log = LogLookups(
        name,
        door=Door(f"{name}/log", http=Steady(http, pulse), gate=Gate(), metrics=metrics),
        rate_per_second=account.rate_per_second,
        to_request=partial(collects.log_request, account),
        read_page=read_page,
        metrics=metrics,
    )
    return CollectedAccount(
        name,
        door=Door(name, http=http, gate=Gate(), metrics=metrics),
        log_lookups=log,
        base_url=account.base_url,
        rate_per_second=account.rate_per_second,
        to_request=to_request,
        read_page=read_page,
        error_in=collects.error_in,
    )


def _http(account: Account, **limits: Any) -> HttpClient:
    return HttpClient(
        account.base_url,
        headers=PROVIDERS[account.provider].credentials(account),
        timeout_seconds=account.timeout_seconds,
        ca_file=account.ssl_cafile,
        **limits,
    )
