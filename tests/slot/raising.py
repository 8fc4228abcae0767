"""Runs the relay's commands with errors that nobody expects: `python raising.py run --config …`, for tests only.

A lookup of a message whose id begins with `raise-` fails by one; so does the turn that decides on a message whose id
begins with `crash-`, which ends the process; and `check` fails by one if RAISE_IN_CHECK is set. Each tells a number.
"""

import os
import sys
from datetime import datetime
from typing import Any, NoReturn

from relay import checks
from relay.commands import main
from relay.configuration import Settings
from relay.lookups import account
from relay.lookups.door import Door, Tell
from relay.lookups.http import HttpRequest, HttpResponse
from relay.slot import deciding, loop
from relay.slot.mailbox import Taken
from relay.slot.slot import RulesOf, Slot
from relay.slot.turn import Turn

NUMBER = "380671230001"


class UnexpectedError(Exception):
    """An error of a kind that the relay knows nothing of."""


class RaisingDoor(Door):
    """The relay's way to a provider, with an error in it."""

    async def get(self, request: HttpRequest, tell: Tell) -> HttpResponse:
        """Ask as ever, unless the error is asked for."""
        if "/raise-" in request.path:
            raise UnexpectedError(f"asking about {NUMBER}")
        return await super().get(request, tell)


def decide_turn(slot: Slot, taken: Taken, now: datetime, rules_of: RulesOf) -> Turn:
    """Decide as ever, unless the error is asked for."""
    if any(b"/crash-" in key for key, _ in taken.items):
        raise UnexpectedError(f"deciding on {NUMBER}")
    return deciding.decide_turn(slot, taken, now, rules_of)


def configuration_finding(settings: Settings) -> NoReturn:
    """Raise in `check`, where all settings are at hand."""
    raise UnexpectedError(f"checking with {len(settings.accounts)} accounts")


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (account, "Door", RaisingDoor),
    (loop, "decide_turn", decide_turn),
    *([(checks, "configuration_finding", configuration_finding)] if "RAISE_IN_CHECK" in os.environ else []),
)

if __name__ == "__main__":
    for module, name, value in REPLACED:
        setattr(module, name, value)
    main(sys.argv[1:])
