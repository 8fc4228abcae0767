"""Whatever stands in the inbox or the raw topic: a record is decided or refused, and nothing else is raised."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.contracts.bad_record import BadRecordCode
from relay.core.decide import decide
from relay.core.items import Requested
from relay.core.model import Attempt, Reason
from relay.kafka.records import Outgoing
from relay.lookups.pages import Page
from relay.lookups.reading import Garbled
from relay.providers import infobip_voice
from relay.slot.answers import FRAGMENT_SECONDS, Answers
from relay.slot.codec import VERSION, UnreadableInternal, decode_requested, encode_requested, event_value
from tests import infobip_pages
from tests.builders import NOON, a_report, a_request, a_state, answered, rules
from tests.poison.internals import DAMAGED_REQUESTS, answer
from tests.slot.driven import Driven
from tests.strategies import json_values

_ATTEMPT = Attempt(channel="viber", status="failed", occurred_at=NOON, reason=Reason(category="expired"))
_REPORT = a_report(message_id="m-1", attempts=(_ATTEMPT,), provider_status={"status": 2})
_EVENTS = decide(a_state(), answered(), NOON, rules()).events
FORWARDED = Requested(request=a_request(extra_id="e", channels=("sms",)), report=_REPORT, published=tuple(_EVENTS))
_INSTANTS = ["2026-11-22T08:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", -62_135_596_800_000, 2**63, 0]
_AWKWARD = st.sampled_from([*_INSTANTS, None, "", "\x00", "a/b", "x" * 300, True, -1, 1e300, [], {}]) | json_values


def changed(value: Any) -> st.SearchStrategy[Any]:
    """Draw the JSON with some values replaced, mostly none."""
    if isinstance(value, dict):
        return st.fixed_dictionaries({name: changed(item) for name, item in value.items()})
    if isinstance(value, list):
        return st.tuples(*map(changed, value)).map(list)
    return st.integers(0, 19).flatmap(lambda chance: st.just(value) if chance else _AWKWARD)


_WRITTEN = json.loads(b"{" + encode_requested(FORWARDED).removeprefix(VERSION))
_REPORTED = {name: _WRITTEN[name] for name in ("request", "report")}
_PLAIN = {"request": _WRITTEN["request"]}


@given(value=changed(_WRITTEN) | changed(_REPORTED) | changed(_PLAIN))
@example(value={**_REPORTED, "request": {**_WRITTEN["request"], "expires_at": "2026-11-22T08:00:00"}})
@example(value={**_PLAIN, "request": {**_WRITTEN["request"], "anchor_at": "2026-11-22T08:00:00"}})
@example(value={**_WRITTEN, "request": {**_WRITTEN["request"], "expires_at": "9999-12-31T23:59:59Z"}})
@example(value={**_REPORTED, "report": {**_WRITTEN["report"], "occurred_at": "2026-11-22T08:00:00"}})
def test_any_inbox_record_is_decided_or_refused(value: dict[str, Any]) -> None:
    """What decoding lets through can be decided, asked about, answered, published and stored."""
    try:
        item = decode_requested(VERSION + json.dumps(value).encode()[1:])
    except UnreadableInternal:
        return
    driven = Driven()
    driven.slot.receive(item, 0, driven.now, 0.0)
    driven.second = 1.0
    assert driven.turn().next_offset == 1
    driven.until(60.0, answered(message_id="m-1"))
    assert all(event_value(event) for event in driven.events)


@pytest.mark.parametrize("kind", set(DAMAGED_REQUESTS) - {"no id"})  # whether one is needed, the account tells
def test_each_damaged_request_is_refused(kind: str) -> None:
    """The corpus of the inbox, each by itself."""
    with pytest.raises(UnreadableInternal):
        decode_requested(DAMAGED_REQUESTS[kind].value)


@dataclass
class Raw:
    """A raw record at an offset."""

    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    offset: int
    timestamp: int = 0


@dataclass
class Letters:
    """Makes dead letters that only tell of which record they are."""

    codes: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, record: Any, code: str, why: str, *, element: tuple[int, bytes] | None = None) -> Outgoing:  # noqa: ARG002 - the seam's
        """Note the letter."""
        self.codes.append((record.offset, code))
        return Outgoing("letters", 0, None, why.encode(), [])


class Voice:
    """The one account that is collected, without a process pool."""

    async def read(self, body: bytes, content_type: str | None) -> Page:
        """Read a page, or raise Garbled."""
        if not body:
            raise Garbled("nothing")
        return infobip_voice.read_page(body, content_type, infobip_pages.ACCOUNT)

    def error_in(self, body: bytes) -> str | None:
        """Read an error body."""
        return infobip_voice.error_in(body)


_WHOLE = answer().headers
_HEADERS = st.sampled_from(_WHOLE) | st.tuples(
    st.sampled_from([name for name, _ in _WHOLE]),
    st.sampled_from([None, b"", b"\xff", b"0", b"1", b"2", b"-1", b"9" * 5000, b"voice", b"nobody", b"500", b"204"])
    | st.binary(max_size=9),
)
raws = st.tuples(
    st.sampled_from([None, b"", b"{}", *(part.value for part in (answer(),))]),
    st.lists(_HEADERS, max_size=4).map(lambda more: (*_WHOLE, *more)) | st.lists(_HEADERS, max_size=12).map(tuple),
)


@given(records=st.lists(raws, min_size=1, max_size=4))
def test_any_raw_record_passes_in_the_end(
    records: list[tuple[bytes | None, tuple[tuple[str, bytes | None], ...]]],
) -> None:
    """Read, refused, or a fragment whose time is over: the offsets pass all, and no record has two letters."""
    letters = Letters()

    async def passed() -> int:
        answers = Answers(lambda account: Voice() if account == "voice" else None, letters, lambda: None)
        for offset, (value, headers) in enumerate(records):
            answers.receive(Raw(value, headers, offset), 0.0)
        answers.give_up_fragments(FRAGMENT_SECONDS + 1)
        while answers.next_offset < len(records):
            await asyncio.sleep(0)
            answers.take(10)
        return answers.next_offset

    assert asyncio.run(passed()) == len(records)
    assert len({offset for offset, _ in letters.codes}) == len(letters.codes)
    codes = {BadRecordCode.DAMAGED, BadRecordCode.UNKNOWN_ACCOUNT, BadRecordCode.UNREADABLE_REPORT}
    assert {code for _, code in letters.codes} <= codes
