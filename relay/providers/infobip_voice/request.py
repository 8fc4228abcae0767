"""Questions to Infobip as GETs: unread reports, which are consumed by it, and the log, which is not. No secrets."""

import base64
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from relay.contracts.instants import format_instant
from relay.lookups.http import HttpRequest
from relay.providers.infobip_voice.settings import InfobipVoiceAccount


def drain_request(
    account: InfobipVoiceAccount, *, bulk_id: str | None = None, message_id: str | None = None, limit: int | None = None
) -> HttpRequest:
    """Return the GET that takes unread reports; `limit` is always sent, for Infobip's own default is 50."""
    return _get(
        account, account.path, [("bulkId", bulk_id), ("messageId", message_id), ("limit", str(limit or account.limit))]
    )


def log_request(
    account: InfobipVoiceAccount,
    *,
    message_ids: Sequence[str] = (),
    bulk_ids: Sequence[str] = (),
    sent_since_at: datetime | None = None,
    sent_until_at: datetime | None = None,
    limit: int | None = None,
) -> HttpRequest | None:
    """Return the GET of the log, None where the account has it switched off.

    It consumes nothing, reaches 48 hours back, allows 120 requests a minute and answers in the form of the reports.
    """
    if not account.logs_path:
        return None
    return _get(
        account,
        account.logs_path,
        [
            *(("bulkId", bulk_id) for bulk_id in bulk_ids),
            *(("messageId", message_id) for message_id in message_ids),
            ("sentSince", format_instant(sent_since_at) if sent_since_at else None),
            ("sentUntil", format_instant(sent_until_at) if sent_until_at else None),
            ("limit", str(limit or account.limit)),
        ],
    )


def probe(account: InfobipVoiceAccount) -> HttpRequest | None:
    """Return the smallest question to the log; without a log there is none that consumes nothing."""
    return log_request(account, limit=1)


def _get(account: InfobipVoiceAccount, path: str, fields: Sequence[tuple[str, str | None]]) -> HttpRequest:
    query = urlencode([(name, value) for name, value in fields if value is not None], quote_via=quote, safe="")
    return HttpRequest(f"{path}?{query}", {"Accept": f"application/{account.accept}"})


def credentials(account: InfobipVoiceAccount) -> dict[str, str]:
    """Return the header that authenticates every request of the account: HTTP Basic, an API key or an OAuth token."""
    if account.auth == "basic":
        login = f"{account.username}:{account.password.get_secret_value()}"
        return {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
    scheme = "App" if account.auth == "app" else "Bearer"
    return {"Authorization": f"{scheme} {account.api_key.get_secret_value()}"}
