"""What the benchmarked provider says: bodies from the documented cases that the provider's tests hold, too."""

import json
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "tests/providers/cases"
CLIENT_ID = "1021"
HYBER_PATH = f"/{CLIENT_ID}/api/dr"
VOICE_PATH = "/tts/3/reports"
NAMES = {"delivered": "documented-advanced-viber-then-sms", "pending": "viber-failed-sms-pending"}
"""The Hyber bodies by what they say of a message."""
IN_THE_CASES = "9f60ac8f-e721-5027-b838-e6fcb95fcd7a"


def case(provider: str, name: str) -> Any:
    """Read the answer of one of a provider's golden cases."""
    return json.loads((CASES / provider / f"{name}.response.json").read_bytes())


def hyber_body(name: str, message_id: str) -> str:
    """Return a Hyber answer about a message, without blanks."""
    return json.dumps(case("hyber", NAMES[name]), separators=(",", ":")).replace(IN_THE_CASES, message_id)


def voice_page(number: int, reports: int) -> bytes:
    """Return a page of unread voice reports, each of a call of its own."""
    (report,) = case("infobip_voice", "documented-one-report")["results"]
    results = [{**report, "messageId": f"call-{number}-{index}"} for index in range(reports)]
    return json.dumps({"results": results}, separators=(",", ":")).encode()
