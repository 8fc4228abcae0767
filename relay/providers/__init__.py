"""The providers: each is a value made of functions in a folder of its own, and one line in PROVIDERS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from relay.contracts.rules import InputRules
from relay.core.model import Answered, Lookup
from relay.core.policy import Schedule
from relay.lookups.http import HttpRequest, HttpResponse
from relay.providers import hyber
from relay.providers.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What the relay needs of a provider; `account` stands for the provider's own settings model.

    `seen_channels`: the channels whose messages are worth watching for `seen` after `delivered`.
    `interpret` raises `Garbled` for a body that can't be read, and nothing else.
    `probe` gives a request that shows whether the credentials are accepted and consumes nothing; None: there is none.
    """

    settings: type[Account]
    input_rules: InputRules
    schedule: Callable[[Any], Schedule]
    concurrency: Callable[[Any], int]
    credentials: Callable[[Any], Mapping[str, str]]
    to_request: Callable[[Lookup, Any], HttpRequest]
    interpret: Callable[[HttpResponse, Lookup, datetime, Any], Answered]
    seen_channels: frozenset[str]
    probe: Callable[[Any], HttpRequest | None]


PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        "hyber": Provider(
            settings=hyber.HyberAccount,
            input_rules=hyber.INPUT_RULES,
            schedule=hyber.schedule,
            concurrency=hyber.concurrency,
            credentials=hyber.credentials,
            to_request=hyber.to_request,
            interpret=hyber.interpret,
            seen_channels=hyber.SEEN_CHANNELS,
            probe=hyber.probe,
        ),
    }
)
