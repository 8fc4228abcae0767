"""Hostile records for the relay's own inbox and raw topic: each must become one dead letter of the code `damaged`.

`account`: the account that lives there; its name is part of the records that are nearly right.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

INBOX, RAW = "inbox", "raw"
AT: Final = "2026-11-22T12:00:00.000Z"
BODY: Final = b'{"results": [{"messageId": "forged", "status": {"groupId": 3}}]}'
REQUEST: Final = {
    "kind": "sent",
    "account": "main",
    "received_at": AT,
    "anchor_at": AT,
    "expires_at": "2026-11-24T12:00:00Z",
    "message_id": "never-asked",
}
REPORT: Final = {"outcome": "delivered", "channel": "sms", "occurred_at": AT, "message_id": "never-asked"}
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """One record as somebody else could write it."""

    topic: str
    value: bytes | None
    headers: Headers = ()
    code: str = "damaged"
    codec: int = 0


def inbox(value: Any, **more: Any) -> Forged:
    """Return an inbox record; a value that is no bytes is written as the relay writes it."""
    raw = value if value is None or isinstance(value, bytes) else b'{"v":1,' + json.dumps(value).encode()[1:]
    return Forged(topic=INBOX, value=raw, **more)


def requested(**changes: Any) -> Forged:
    """Return an inbox record whose request has fields changed for the worse; None leaves a field out."""
    fields = {**REQUEST, **changes}
    return inbox({"request": {name: value for name, value in fields.items() if value is not None}})


def told(**changes: Any) -> Forged:
    """Return an inbox record that brings a report with fields changed for the worse."""
    return inbox({"request": REQUEST, "report": {**REPORT, **changes}})


def answer(value: bytes | None = BODY, *more: tuple[str, bytes | None], **changes: Any) -> Forged:
    """Return a raw record with headers changed for the worse; None leaves a header out."""
    facts = {
        "account": "voice",
        "response_id": hashlib.sha256(repr((value, more, changes)).encode()).hexdigest(),
        "part": "1",
        "parts": "1",
        "sha256": hashlib.sha256(value or b"").hexdigest(),
        "status": "200",
        "url": "http://127.0.0.1/tts/3/reports",
        "content_type": "application/json",
        "asked_at": AT,
        "answered_at": AT,
        **changes,
    }
    headers = tuple((name, text.encode()) for name, text in facts.items() if text is not None)
    return Forged(topic=RAW, value=value, headers=(*headers, *more))


DAMAGED_REQUESTS: Final = {
    "a tombstone": inbox(None),
    "an empty value": inbox(b""),
    "no JSON": inbox(b"{not json"),
    "no JSON behind the version": inbox(b'{"v":1,not json'),
    "no UTF-8": inbox(b'{"v":1,"request":{"kind":"\xff"}}'),
    "another version": inbox(json.dumps({"v": 2, "request": REQUEST}).encode()),
    "a version with a space": inbox(json.dumps({"v": 1, "request": REQUEST}).encode()),
    "no version": inbox(json.dumps({"request": REQUEST}).encode()),
    "an array": inbox(b"[1]"),
    "an input record": inbox(json.dumps({"request_id": "r", "account": "main", "message_id": "never-asked"}).encode()),
    "no request": inbox({"x": 1}),
    "nested a hundred thousand times": inbox(b'{"v":1,"request":' + b"[" * 100_000),
    "900 kB of nothing": inbox(bytes(900_000)),
    "17 MB in 17 kB of gzip": inbox(b"[" * 17_000_000, codec=1),
    "a header name that is no UTF-8": inbox(b"\x00", headers=(("\udcff", b"v"),)),
    "an unknown kind": requested(kind="ask"),
    "no account": requested(account=None),
    "a number for an account": requested(account=7),
    "no id": requested(message_id=None),
    "no instant of acceptance": requested(received_at=None),
    "an instant without an offset": requested(expires_at="2026-11-24T12:00:00"),
    "an instant at the end of the calendar": requested(expires_at="9999-12-31T23:59:59Z"),
    "a list of numbers for channels": requested(channels=[1]),
    "an unknown outcome": told(outcome="lost"),
    "a report without an offset": told(occurred_at="2026-11-22T12:00:00"),
    "a report that is a text": inbox({"request": REQUEST, "report": "delivered"}),
    "events that are none": inbox({"request": REQUEST, "published": [{}]}),
}
DAMAGED_ANSWERS: Final = {
    "no headers": Forged(topic=RAW, value=BODY),
    "a tombstone of an answer": answer(None),
    "an answer without a response_id": answer(response_id=None),
    "an answer without an account": answer(account=None),
    "an answer without a part": answer(part=None),
    "an answer without a status": answer(status=None),
    "an answer without a sha256": answer(sha256=None),
    "a wrong sha256": answer(sha256="0" * 64),
    "a sha256 that is none": answer(sha256="sha"),
    "part 0": answer(part="0"),
    "a part beyond the last": answer(part="2"),
    "a negative part": answer(part="-1", parts="-1"),
    "a part that is no number": answer(part="one"),
    "a part of thousands of digits": answer(part="9" * 5000),
    "a status that is no number": answer(status="OK"),
    "an answer without an instant": answer(asked_at=None),
    "an answer's instant without an offset": answer(asked_at="2026-11-22T12:00:00.000"),
    "an answer's instant in another form": answer(answered_at="2026-11-22T12:00:00Z"),
    "an answer's instant that is none": answer(answered_at="soon"),
    "a header of an answer without a value": answer(BODY, ("retry_after", None)),
    "a header of an answer that is no UTF-8": answer(BODY, ("retry_after", b"\xff")),
    "the first of two parts": answer(parts="2"),
    "the last of two parts": answer(part="2", parts="2"),
    "one of a milliard parts": answer(part="7", parts="1000000000"),
}
MISREAD_ANSWERS: Final = {
    "an answer of an account that nobody has": Forged(
        topic=RAW, value=BODY, headers=answer(account="nobody").headers, code="unknown_account"
    ),
    "an answer of an account that is no name": Forged(
        topic=RAW, value=BODY, headers=answer(account="a/b/../c\n").headers, code="unknown_account"
    ),
    "an answer of an account that is asked": Forged(
        topic=RAW, value=BODY, headers=answer(account="main").headers, code="unknown_account"
    ),
    "an answer that is no page": Forged(
        topic=RAW, value=b"\x00garbage", headers=answer(b"\x00garbage").headers, code="unreadable_report"
    ),
}
FORGED: Final[Mapping[str, Forged]] = {**DAMAGED_REQUESTS, **DAMAGED_ANSWERS, **MISREAD_ANSWERS}
