"""A lookup as Hyber's path; ids are percent-encoded, so that none can leave its place in the path."""

import base64
import re
import uuid
from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from relay.core.model import Lookup
from relay.lookups.http import HttpRequest
from relay.providers.hyber.settings import HyberAccount

_is_unreserved = re.compile(r"[A-Za-z0-9._~-]+").fullmatch


def to_request(lookup: Lookup, account: HyberAccount) -> HttpRequest:
    """Return the GET for a lookup: `…/{message_id}/{detail}` or `…/external/{extra_id}/{detail}`."""
    root = _root(account.path, account.client_id)
    if lookup.message_id is not None:
        return HttpRequest(f"{root}/{_encoded(lookup.message_id)}/{lookup.detail}")
    return HttpRequest(f"{root}/external/{_encoded(lookup.extra_id or '')}/{lookup.detail}")


def _encoded(message_id: str) -> str:
    """Percent-encode an id; most are of characters that stay as they are, which is quickly seen."""
    return message_id if _is_unreserved(message_id) else quote(message_id, safe="")


@cache
def _root(path: str, client_id: str) -> str:
    return path.format(client_id=quote(client_id, safe="")).rstrip("/")


def probe(account: HyberAccount) -> HttpRequest:
    """Return a lookup of a message that can't exist; a report can be read again, so it would consume nothing anyway."""
    nobody = Lookup(
        account="", message_id=str(uuid.uuid4()), extra_id=None, detail="simple", anchor_at=datetime.now(UTC)
    )
    return to_request(nobody, account)


def credentials(account: HyberAccount) -> dict[str, str]:
    """Return the headers that authenticate every request of the account (HTTP Basic)."""
    login = f"{account.username}:{account.password.get_secret_value()}"
    return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode(), "Accept": "application/json"}
