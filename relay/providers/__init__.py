"""The providers: each is a value made of functions in a folder of its own, and one line in PROVIDERS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from relay.contracts.rules import InputRules
from relay.core.items import Answered
from relay.core.model import Lookup
from relay.core.policy import Schedule
from relay.core.rules import Collecting
from relay.lookups.http import HttpRequest, HttpResponse
from relay.lookups.pages import Page
from relay.providers import hyber, infobip_voice
from relay.providers.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """A provider that is asked for each message, as often as one likes.

    `interpret` raises `Garbled` for a body that can't be read, and nothing else.
    """

    concurrency: Callable[[Any], int]
    to_request: Callable[[Lookup, Any], HttpRequest]
    interpret: Callable[[HttpResponse, Lookup, datetime, Any], Answered]


class DrainRequest(Protocol):
    """Gives the request that takes unread reports."""

    def __call__(
        self, account: Any, *, bulk_id: str | None = None, message_id: str | None = None, limit: int | None = None
    ) -> HttpRequest:
        """Return the request."""
        ...


class LogRequest(Protocol):
    """Gives the request that reads the log, which consumes nothing."""

    def __call__(
        self,
        account: Any,
        *,
        message_ids: tuple[str, ...] = (),
        bulk_ids: tuple[str, ...] = (),
        sent_since_at: datetime | None = None,
        sent_until_at: datetime | None = None,
        limit: int | None = None,
    ) -> HttpRequest | None:
        """Return the request; None where the account has the log switched off."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Collects:
    """A provider that hands reports out by the page, and each only once.

    `read_page` raises `Garbled` for a body that is no page, and nothing else. `error_in` gives what an error body says.
    """

    collecting: Callable[[Any], Collecting]
    drain_request: DrainRequest
    log_request: LogRequest
    read_page: Callable[[bytes, str | None, Any], Page]
    error_in: Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the relay needs of a provider; `account` stands for the provider's own settings model.

    `reports`: how it gives them. `seen_channels`: the channels whose messages are worth watching for `seen`.
    `grace_seconds`: how long after a message's time to live its end may still be reported.
    `probe` gives a request that shows whether the credentials are accepted and consumes nothing; None: there is none.
    """

    settings: type[Account]
    input_rules: InputRules
    schedule: Callable[[Any], Schedule]
    grace_seconds: Callable[[Any], float]
    credentials: Callable[[Any], Mapping[str, str]]
    reports: Asks | Collects
    seen_channels: frozenset[str] = frozenset()
    probe: Callable[[Any], HttpRequest | None]


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        "hyber": Provider(
            settings=hyber.HyberAccount,
            input_rules=hyber.INPUT_RULES,
            schedule=hyber.schedule,
            grace_seconds=hyber.grace_seconds,
            credentials=hyber.credentials,
            reports=Asks(concurrency=hyber.concurrency, to_request=hyber.to_request, interpret=hyber.interpret),
            seen_channels=hyber.SEEN_CHANNELS,
            probe=hyber.probe,
        ),
        "infobip_voice": Provider(
            settings=infobip_voice.InfobipVoiceAccount,
            input_rules=infobip_voice.INPUT_RULES,
            schedule=infobip_voice.schedule,
            grace_seconds=infobip_voice.grace_seconds,
            credentials=infobip_voice.credentials,
            reports=Collects(
                collecting=infobip_voice.collecting,
                drain_request=infobip_voice.drain_request,
                log_request=infobip_voice.log_request,
                read_page=infobip_voice.read_page,
                error_in=infobip_voice.error_in,
            ),
            probe=infobip_voice.probe,
        ),
    }
)


def is_collected(account: Account) -> bool:
    """Tell whether the account's reports are handed out only once."""
    return isinstance(PROVIDERS[account.provider].reports, Collects)
