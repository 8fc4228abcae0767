"""A provider's answer can't choose what is logged: its words start no line, move no cursor and show no whole number."""

import io
import json
import re
from typing import Any

import pytest

from relay.core.items import Answered
from relay.lookups.http import HttpResponse
from relay.observe.logs import LogFormat, configure
from relay.observe.metrics import Metrics
from relay.providers import hyber, infobip_voice
from relay.slot.narration import narrate
from tests import infobip_pages
from tests.builders import NOON, a_lookup, a_request
from tests.providers.test_hyber import an_account
from tests.slot.driven import M1, Driven

NUMBER = "380671234567"
EVIL = f'a\x1b[2J\x9b1m\r\n{{"event": "forged.line"}}\u2028\u202e{NUMBER}'


pytestmark = pytest.mark.usefixtures("restored_logging")


def evil(value: Any) -> Any:
    """Return the JSON with every text replaced by a hostile one, and every number by one that no table knows."""
    if isinstance(value, dict):
        return {name: evil(item) for name, item in value.items()}
    if isinstance(value, list):
        return [evil(item) for item in value]
    return EVIL if isinstance(value, str) else value if isinstance(value, bool) else 77


def hyber_says() -> Answered:
    """Return what is understood of a hostile answer of Hyber's."""
    body = {"status": 2, "substatus": 1, "hyber_status": 1, "last_partner": "", "phone_number": ""}
    said = {**evil(body), "status": 2, "message_id": "m-1"}
    return hyber.interpret(HttpResponse(200, json.dumps(said).encode()), a_lookup(), NOON, an_account())


def infobip_says() -> Answered:
    """Return what is understood of a hostile record of Infobip's."""
    status = {"groupId": 1, "groupName": "", "id": 1, "name": "", "action": "", "description": ""}
    item = evil({"status": status, "error": status, "to": "", "callbackData": "", "bulkId": "", "dtmfCodes": ""})
    item["status"]["groupId"] = 5
    page = infobip_voice.read_page(infobip_pages.a_page({**item, "messageId": "m-1"}), None, infobip_pages.ACCOUNT)
    return Answered(report=page.reports[0])


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("says", [hyber_says, infobip_says])
def test_hostile_words_stay_in_their_line(says: Any, log_format: LogFormat) -> None:
    """The event and the unknown codes are told, in a line each, with every control character escaped."""
    stream = io.StringIO()
    configure(log_format, "info", stream, cache=False)
    driven = Driven()
    driven.receive(a_request())
    driven.slot.answer(M1, says())
    narrate(driven.turn(), Metrics("0"))
    written = stream.getvalue()
    assert not re.search(r"[^\n\x20-\x7e]", written)
    assert written.count("\n") == 3  # request.accepted, report.unmapped, message.changed
    assert not re.search(r"^\W*event\W+forged", written, re.MULTILINE)
    assert NUMBER not in written


def test_hostile_words_of_an_error_body_are_printable() -> None:
    """What an error body says is shown with its control characters escaped."""
    said = infobip_voice.error_in(
        json.dumps({"requestError": {"serviceException": {"messageId": EVIL, "text": EVIL}}}).encode()
    )
    assert said is not None
    assert said.isprintable()
