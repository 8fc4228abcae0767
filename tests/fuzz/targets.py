"""What is fuzzed: each target takes any bytes as the outside world could send them; all it may do is refuse them.

Beyond "no other error": what was read can be stored, published and read back.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from relay.contracts.bad_record import BadRecord
from relay.contracts.dead_letter import DeadLetter, RejectedRecord, dead_letter_for, restore
from relay.core.decide import absorb
from relay.core.items import Requested
from relay.core.model import Report
from relay.ingest.accepting import accept_fetch_request, accept_message_sent
from relay.lookups.http import HttpResponse
from relay.lookups.reading import Garbled
from relay.providers import hyber, infobip_voice
from relay.slot.codec import UnreadableInternal, decode_requested, encode_requested, event_value
from tests import infobip_pages
from tests.builders import NOON, a_lookup, a_state, rules
from tests.providers.test_hyber import an_account

LARGEST_EVENT: Final = 1_000_000  # bytes; Kafka's usual limit
HYBER, VOICE = an_account(), infobip_pages.ACCOUNT
LOOKUPS = (a_lookup(), a_lookup(message_id=None, extra_id="AD-6640-7006"))
_REPORT = TypeAdapter(Report)
_ROOT = Path(__file__).parents[2]
_CASES, _EXAMPLES = _ROOT / "tests/providers/cases", _ROOT / "schemas/examples"


def _check_report(report: Report) -> None:
    """Hold a report to what the relay does with it: stored, and published."""
    assert _REPORT.validate_json(_REPORT.dump_json(report)) == report
    for event in absorb(a_state(), report, NOON, rules()).events:
        assert len(event_value(event)) < LARGEST_EVENT


def _read_page(body: bytes, content_type: str | None) -> None:
    infobip_voice.error_in(body)
    with suppress(Garbled):
        page = infobip_voice.read_page(body, content_type, VOICE)
        assert page.count == len(page.reports) + len(page.unreadable)
        assert all(one.body in body for one in page.unreadable)
        for report in page.reports:
            _check_report(report)


def json_page(body: bytes) -> None:
    """Read a body as a page of Infobip's, JSON by its first sign."""
    _read_page(body, None)


def xml_page(body: bytes) -> None:
    """Read a body as a page of Infobip's in XML, whatever its first sign is."""
    _read_page(body, "application/xml")


def hyber_answer(body: bytes) -> None:
    """Read a body as Hyber's answer to a lookup by either id."""
    for lookup in LOOKUPS:
        with suppress(Garbled):
            answered = hyber.interpret(HttpResponse(200, body), lookup, NOON, HYBER)
            if answered.report is not None:
                _check_report(answered.report)


def input_record(value: bytes) -> None:
    """Take a value as that of either input; a header, too, where it is text."""
    accounts = {"hyber_main": HYBER, "voice": VOICE, "main": HYBER}
    for accept in (accept_fetch_request, accept_message_sent):
        try:
            item = Requested(request=accept(None, value, [("correlation-id", value[:64])], accounts, NOON).request)
        except BadRecord as bad:
            _check_letter(value, bad)
        else:
            assert decode_requested(encode_requested(item)) == item


def _check_letter(value: bytes, bad: BadRecord) -> None:
    headers = [(value[:9].decode("utf-8", "surrogateescape"), value[:64])]
    record = RejectedRecord(topic="t", partition=0, offset=0, timestamp=0, key=value, value=value, headers=headers)
    letter = dead_letter_for(record, bad.code, bad.message, datetime.now(UTC))
    assert restore(DeadLetter.model_validate_json(letter.to_bytes())) == (value, value, headers)


def inbox_record(value: bytes) -> None:
    """Take a value as that of an inbox record."""
    with suppress(UnreadableInternal):
        item = decode_requested(value)
        assert decode_requested(encode_requested(item)) == item


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "json_page": json_page,
    "xml_page": xml_page,
    "hyber_answer": hyber_answer,
    "input_record": input_record,
    "inbox_record": inbox_record,
}
SEEDS: Final[Mapping[str, tuple[Path, ...]]] = {
    "json_page": tuple(sorted(_CASES.glob("infobip_voice/*.response.json"))),
    "xml_page": tuple(sorted(_CASES.glob("infobip_voice/*.response.xml"))),
    "hyber_answer": tuple(sorted(_CASES.glob("hyber/*.response.json"))),
    "input_record": tuple(sorted(_EXAMPLES.glob("[fm]*_*e*/*/*.json"))),
    "inbox_record": (),
}
"""What each target begins with beside its own corpus: the cases that the other suites are about."""
