"""Pages of Infobip's voice reports for the suites, and the account that reads them."""

import json
from typing import Any

from relay.core.model import Report
from relay.providers.infobip_voice import InfobipVoiceAccount, read_page

DELIVERED = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
EXPIRED = {"groupId": 4, "groupName": "EXPIRED", "id": 15, "name": "EXPIRED_EXPIRED"}


def an_account(**changes: object) -> InfobipVoiceAccount:
    """Return an Infobip voice account."""
    plain = {"provider": "infobip_voice", "base_url": "https://x.api.infobip.example"}
    login = {} if changes.get("auth") in ("app", "bearer") else {"username": "login", "password": "s3cr3t-word"}
    return InfobipVoiceAccount.model_validate({**plain, **login, **changes})


ACCOUNT = an_account()


def an_item(**changes: object) -> dict[str, Any]:
    """Return one element of a page: an expired call, without an error."""
    return {"messageId": "m-1", "status": EXPIRED, **changes}


def a_page(*items: object) -> bytes:
    """Return a JSON page."""
    return json.dumps({"results": items}).encode()


def the_report(**changes: object) -> Report:
    """Return what one element is read as."""
    page = read_page(a_page(an_item(**changes)), None, ACCOUNT)
    assert page.unreadable == ()
    (report,) = page.reports
    return report
