"""Tries an account's provider with a request that consumes no report; gives a finding, shows no secret."""

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from relay.findings import Finding
from relay.lookups.client import HttpClient
from relay.lookups.http import Failure, HttpFailure, HttpResponse
from relay.lookups.reading import Garbled, Sense, is_success, sense_of
from relay.printable import printable
from relay.providers import PROVIDERS, Asks, Collects
from relay.providers.account import Account

FAILURES: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.TIMED_OUT: "it takes too long",
        Failure.CONNECTION: "no connection",
        Failure.TRUNCATED: "it is cut off",
        Failure.OVERSIZED: "it is too large",
    }
)


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
    http = HttpClient(
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
