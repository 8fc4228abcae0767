"""The configured accounts as what the core needs of them: rules, and no client."""

from relay.configuration import Settings
from relay.core.masking import Recipients
from relay.core.rules import Rules
from relay.providers import PROVIDERS, Collects
from relay.providers.account import Account


def built_rules(settings: Settings) -> dict[str, Rules]:
    """Build the rules of all accounts."""
    recipients = Recipients(settings.privacy.recipients)
    return {name: account_rules(name, account, recipients) for name, account in settings.accounts.items()}


def account_rules(name: str, account: Account, recipients: Recipients) -> Rules:
    """Build what the core needs to know of an account."""
    provider = PROVIDERS[account.provider]
    return Rules(
        account=name,
        provider=account.provider,
        schedule=provider.schedule(account),
        seen_channels=provider.seen_channels,
        collecting=provider.reports.collecting(account) if isinstance(provider.reports, Collects) else None,
        recipients=recipients,
    )
