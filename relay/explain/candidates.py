"""The accounts that may know a message, as far as an explanation needs them."""

from dataclasses import dataclass

from relay.account_rules import account_rules
from relay.configuration import Settings
from relay.core.masking import Recipients
from relay.core.rules import Rules
from relay.lookups.pages import ReadPage
from relay.mistakes import ConfigurationError, suggestion
from relay.providers import PROVIDERS, Collects
from relay.providers.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account; `read_page` reads the kept answers of one whose reports are collected, else it is None."""

    name: str
    rules: Rules
    read_page: ReadPage | None = None

    @property
    def collected(self) -> bool:
        """Whether its records all lie in one partition, its raw answers among them."""
        return self.read_page is not None


def candidates_of(settings: Settings, account: str | None) -> list[Candidate]:
    """Return the named account, else all configured ones.

    Raises:
        ConfigurationError: there is no such account, or none at all.

    """
    accounts = settings.accounts
    if not accounts:
        raise ConfigurationError(["accounts: there is none; add a table [accounts.NAME]"])
    if account is not None and account not in accounts:
        known = ", ".join(accounts)
        raise ConfigurationError(
            [f"--account: {account} is not configured; {suggestion(account, accounts)}known are: {known}"]
        )
    names = [account] if account is not None else list(accounts)
    return [_candidate(settings, name) for name in names]


def _candidate(settings: Settings, name: str) -> Candidate:
    account = settings.accounts[name]
    return Candidate(
        name=name,
        rules=account_rules(name, account, Recipients(settings.privacy.recipients)),
        read_page=_read_page(account),
    )


def _read_page(account: Account) -> ReadPage | None:
    match PROVIDERS[account.provider].reports:
        case Collects() as collects:
            return lambda body, content_type: collects.read_page(body, content_type, account)
        case _:
            return None
