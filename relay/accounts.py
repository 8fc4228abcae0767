"""The configured accounts as what the parts need of them: lookups for the shell, rules for the core."""

from relay.configuration import Settings
from relay.core.masking import Recipients
from relay.core.rules import Rules
from relay.lookups.account import AccountLookups
from relay.lookups.accounts import Accounts
from relay.lookups.http import PyreqwestHttp
from relay.lookups.pacing import Pace
from relay.observe.metrics import Metrics
from relay.providers import PROVIDERS
from relay.providers.account import Account


def built_accounts(settings: Settings, partitions: int, metrics: Metrics) -> Accounts:
    """Build what asks the providers of all accounts; `partitions`: how many slots there are over all processes."""
    lookups = {name: account_lookups(name, account, metrics) for name, account in settings.accounts.items()}
    return Accounts(lookups, partitions=partitions)


def built_rules(settings: Settings) -> dict[str, Rules]:
    """Build the rules of all accounts."""
    recipients = Recipients(settings.privacy.recipients)
    return {name: account_rules(name, account, recipients) for name, account in settings.accounts.items()}


def account_lookups(name: str, account: Account, metrics: Metrics) -> AccountLookups:
    """Build what asks an account's provider."""
    provider = PROVIDERS[account.provider]
    return AccountLookups(
        name,
        http=PyreqwestHttp(
            account.base_url,
            headers=provider.credentials(account),
            timeout_seconds=account.timeout_seconds,
            ca_file=account.ssl_cafile,
        ),
        pace=Pace(rate_per_second=account.rate_per_second, concurrency=provider.concurrency(account)),
        to_request=lambda lookup: provider.to_request(lookup, account),
        interpret=lambda response, lookup, now: provider.interpret(response, lookup, now, account),
        metrics=metrics,
    )


def account_rules(name: str, account: Account, recipients: Recipients) -> Rules:
    """Build what the core needs to know of an account."""
    provider = PROVIDERS[account.provider]
    return Rules(
        account=name,
        provider=account.provider,
        schedule=provider.schedule(account),
        seen_channels=provider.seen_channels,
        recipients=recipients,
    )
