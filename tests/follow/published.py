"""An event as it is published: the contract's own example, with changes."""

import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples" / "status_changed" / "valid"


def an_event(**fields: Any) -> dict[str, Any]:
    """Return the fields of an event."""
    text = (EXAMPLES / "hyber-delivered-by-sms-after-viber.json").read_text(encoding="utf-8")
    event: dict[str, Any] = json.loads(text)
    return event | fields
