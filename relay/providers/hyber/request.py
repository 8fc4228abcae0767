"""A lookup as Hyber's path; ids are percent-encoded, so that none can leave its place in the path."""

import base64
from functools import cache
from urllib.parse import quote

from relay.core.model import Lookup
from relay.lookups.http import HttpRequest
from relay.providers.hyber.settings import HyberAccount


def to_request(lookup: Lookup, account: HyberAccount) -> HttpRequest:
    """Return the GET for a lookup: `…/{message_id}/{detail}` or `…/external/{extra_id}/{detail}`."""
    root = _root(account.path, account.client_id)
    if lookup.message_id is not None:
        return HttpRequest(f"{root}/{quote(lookup.message_id, safe='')}/{lookup.detail}")
    return HttpRequest(f"{root}/external/{quote(lookup.extra_id or '', safe='')}/{lookup.detail}")


@cache
def _root(path: str, client_id: str) -> str:
    return path.format(client_id=quote(client_id, safe="")).rstrip("/")


def credentials(account: HyberAccount) -> dict[str, str]:
    """Return the headers that authenticate every request of the account (HTTP Basic)."""
    login = f"{account.username}:{account.password.get_secret_value()}"
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode(), "Accept": "application/json"}
