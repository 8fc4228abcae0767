"""Hostile records for the input topics, one of each kind: what is written, and the code that its dead letter must have.

The accounts are `main` of Hyber and `voice` of Infobip; none of these records may lead to a question to either.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FETCH, SENT = "fetch_requests", "messages_sent"
NEVER_ASKED: Final = "never-asked"
GOOD: Final = {"request_id": "r", "account": "main", "message_id": NEVER_ASKED}
GOOD_SENT: Final = {"account": "main", "message_id": NEVER_ASKED, "sent_at": "2026-11-22T08:00:00Z"}
SOMETIME: Final = "2026-11-22T08:00:00Z"
KEY: Final = b"its name"
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One record that must be refused; `key` KEY stands for the name of its kind, `codec` is Kafka's number of one.

    A header name may hold bytes that are not UTF-8, as lone surrogates.
    """

    topic: str
    value: bytes | None
    code: str
    headers: Headers = ()
    key: bytes | None = KEY
    codec: int = 0


def key_of(name: str, hostile: Hostile) -> bytes | None:
    """Return the key that a hostile record of this name is written with."""
    return name.encode() if hostile.key is KEY else hostile.key


def raw(topic: str, code: str, value: bytes | None, **more: Any) -> Hostile:
    """Return a record of these bytes."""
    return Hostile(topic=topic, code=code, value=value, **more)


def fetch(code: str = "invalid_field", /, **changes: Any) -> Hostile:
    """Return a FetchRequest with fields changed for the worse."""
    return raw(FETCH, code, json.dumps({**GOOD, **changes}).encode())


def sent(code: str = "invalid_field", /, **changes: Any) -> Hostile:
    """Return a MessageSent with fields changed for the worse."""
    return raw(SENT, code, json.dumps({**GOOD_SENT, **changes}).encode())


def headed(*headers: tuple[str, bytes | None], topic: str = FETCH, code: str = "undecodable_header") -> Hostile:
    """Return a good record with hostile headers."""
    return raw(topic, code, json.dumps(GOOD if topic == FETCH else GOOD_SENT).encode(), headers=headers)


def keyed(key: bytes | None) -> Hostile:
    """Return a bad record with a hostile key, which its dead letter must have, too."""
    return raw(FETCH, "invalid_json", b"\x00" + repr(key).encode(), key=key)


_JSON: Final = json.dumps(GOOD)
_LATIN: Final = json.dumps({**GOOD, "message_id": "ü"}, ensure_ascii=False).encode("latin-1")
ENCODINGS: Final = {
    "no UTF-8": raw(FETCH, "not_utf8", b'{"request_id": "\xff\xfe"}'),
    "UTF-16 with a mark": raw(SENT, "not_utf8", json.dumps(GOOD_SENT).encode("utf-16")),
    "UTF-16 without a mark": raw(FETCH, "invalid_json", _JSON.encode("utf-16-le")),
    "UTF-32": raw(SENT, "not_utf8", json.dumps(GOOD_SENT).encode("utf-32")),
    "Latin-1": raw(FETCH, "not_utf8", _LATIN),
    "UTF-7": raw(FETCH, "invalid_json", b"+AHs" + _JSON.encode()),
    "a byte order mark": raw(FETCH, "invalid_json", b"\xef\xbb\xbf" + _JSON.encode()),
    "an encoded surrogate": raw(SENT, "not_utf8", b'{"account": "\xed\xa0\x80"}'),
    "an overlong encoding": raw(FETCH, "not_utf8", b'{"account": "\xc0\xae"}'),
    "beyond the last code point": raw(FETCH, "not_utf8", b'{"account": "\xf4\x90\x80\x80"}'),
    "cut within a character": raw(SENT, "not_utf8", b'{"account": "\xd1'),
    "an unpaired surrogate": raw(FETCH, "invalid_json", json.dumps({**GOOD, "message_id": "\ud800"}).encode()),
    "zero bytes": raw(FETCH, "invalid_json", bytes(64)),
    "gzip": raw(FETCH, "not_utf8", bytes.fromhex("1f8b0800000000000003abae05004358bfa602000000")),
    "a schema registry's magic": raw(SENT, "invalid_json", b"\x00\x00\x00\x00\x07" + json.dumps(GOOD_SENT).encode()),
}
FORMS: Final = {
    "no JSON": raw(FETCH, "invalid_json", b"{not json"),
    "cut JSON": raw(SENT, "invalid_json", b'{"account": "main", "sent_at": "20'),
    "two documents": raw(FETCH, "invalid_json", _JSON.encode() * 2),
    "a trailing comma": raw(FETCH, "invalid_json", _JSON.encode()[:-1] + b",}"),
    "single quotes": raw(FETCH, "invalid_json", _JSON.replace('"', "'").encode()),
    "a comment": raw(SENT, "invalid_json", b"/* */" + json.dumps(GOOD_SENT).encode()),
    "XML": raw(FETCH, "invalid_json", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "a raw line break in a text": raw(FETCH, "invalid_json", b'{"account": "a\nb"}'),
    "not a number": raw(SENT, "invalid_json", b'{"account": "main", "ttl_seconds": NaN}'),
    "infinity": raw(FETCH, "invalid_json", b'{"limit": -Infinity}'),
    "five thousand digits": raw(SENT, "invalid_json", b'{"ttl_seconds": ' + b"9" * 5000 + b"}"),
    "an array": raw(FETCH, "not_an_object", json.dumps([GOOD]).encode()),
    "a string": raw(SENT, "not_an_object", b'"main"'),
    "a number": raw(FETCH, "not_an_object", b"7"),
    "null": raw(SENT, "not_an_object", b"null"),
    "an empty object": raw(FETCH, "missing_field", b"{}"),
    "a repeated field whose last is wrong": raw(FETCH, "invalid_field", _JSON.encode()[:-1] + b', "account": 1}'),
    "a field in capitals": raw(FETCH, "missing_field", _JSON.replace("account", "Account").encode()),
}
DEPTHS: Final = {
    "nested objects": raw(FETCH, "invalid_json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "nested arrays": raw(SENT, "invalid_json", b"[" * 100_000),
    "nested in a field": raw(
        FETCH, "invalid_field", _JSON.encode()[:-1] + b', "account":' + b"[" * 900 + b"]" * 900 + b"}"
    ),
}
SIZES: Final = {
    "an empty value": raw(FETCH, "empty_value", b""),
    "one byte": raw(SENT, "invalid_json", b"\x00"),
    "blank": raw(SENT, "invalid_json", b" \r\n\t"),
    "one byte too large": raw(FETCH, "too_large", _JSON.encode().ljust(1_048_577)),
    "too large with its key": raw(FETCH, "too_large", _JSON.encode().ljust(1_048_560), key=b"k" * 17),
    "too large with its headers": raw(
        SENT, "too_large", json.dumps(GOOD_SENT).encode().ljust(1_048_560), headers=(("name", b"v" * 13),), key=None
    ),
    "2 MB": raw(FETCH, "too_large", b'{"a": "' + b"x" * 2_000_000 + b'"}'),
    "5 MB that no text encoding holds": raw(SENT, "too_large", b"\xfe\x00\x01" * 1_700_000),
    "17 MB in 17 kB of gzip": raw(FETCH, "too_large", b"[" * 17_000_000, codec=1),
    "17 MB in 2 kB of zstd": raw(SENT, "too_large", b" " * 17_000_000, codec=4),
    "a thousand fields": raw(FETCH, "missing_field", json.dumps({str(n): n for n in range(1000)}).encode()),
}
TYPES: Final = {
    "a number for an id": fetch(message_id=17),
    "a list for an id": sent(message_id=["m"]),
    "an object for an id": fetch(extra_id={"id": "x"}),
    "a bool for an int": sent(ttl_seconds=True),
    "a text for an int": fetch(limit="5"),
    "an int for a bool": fetch(follow=1),
    "a text for a bool": fetch(republish="true"),
    "a fraction of a second": sent(ttl_seconds=1.5),
    "a text for a list": sent(channels="viber"),
    "a number among channels": sent(channels=["viber", 7]),
    "too many channels": sent(channels=["sms"] * 33),
    "null for what is required": sent(account=None),
    "a time as a number": fetch(expires_at=1_800_000_000),
    "an unknown detail": fetch(detail="SIMPLE"),
}
VALUES: Final = {
    "a naive time": sent(sent_at="2026-11-22T08:00:00"),
    "a time past the calendar": fetch(expires_at="9999-12-31T23:59:59-23:59"),
    "a day that is none": sent(sent_at="2026-02-29T00:00:00Z"),
    "a time in other digits": sent(sent_at="٢٠٢٦-11-22T08:00:00Z"),
    "a time before 1970": sent(sent_at="0001-01-01T00:00:00Z"),
    "a negative ttl": sent(ttl_seconds=-1),
    "a ttl beyond 64 bits": sent(ttl_seconds=10**40),
    "a limit of none": fetch("invalid_field", account="voice", limit=0),
    "a limit beyond the provider's": fetch("invalid_field", account="voice", limit=1001),
    "id .": fetch(message_id="."),
    "id ..": sent(extra_id=".."),
    "an empty id": fetch(message_id=""),
    "an id too long": fetch(message_id="x" * 257),
    "an id with a line break": fetch(message_id="a\r\nHost: evil"),
    "an id with an escape sequence": sent(message_id="a\x1b[2J"),
    "an id with a zero": fetch(extra_id="a\x00b"),
    "a bulk with a tab": fetch(account="voice", bulk_id="a\tb"),
    "a request id too long": fetch(request_id="r" * 129),
    "a recipient too long": sent(recipient="3" * 65),
}
MEANINGS: Final = {
    "an unknown account": fetch("unknown_account", account="nobody"),
    "an account in capitals": sent("unknown_account", account="MAIN"),
    "a path for an account": fetch("unknown_account", account="../main"),
    "no request id": fetch("invalid_field", request_id=None),
    "both ids": fetch("conflicting_fields", extra_id="x"),
    "no ids": fetch("missing_field", message_id=None),
    "no ids of a sent message": sent("missing_field", message_id=None),
    "a foreign limit": fetch("foreign_field", limit=5),
    "a foreign bulk_id": fetch("foreign_field", bulk_id="b"),
    "a foreign detail": fetch("foreign_field", account="voice", detail="simple"),
    "a call without a message_id": sent("missing_field", account="voice", message_id=None, extra_id="x"),
    "a call by extra_id": fetch("foreign_field", account="voice", extra_id="x", message_id=None),
}
HEADERS: Final = {
    "a header value that is no UTF-8": headed(("h", b"\xff\x00")),
    "a header without a value": headed(("h", None), topic=SENT),
    "duplicate headers, one bad": headed(("h", b"1"), ("h", b"\xc3"), ("h", b"1"), ("", b"")),
    "a header name that is no UTF-8": headed(("\udcff\udcfe", b"v")),
    "a header name cut within a character": headed(("a", b"1"), ("\udcd1", b"v"), ("b", b"2"), topic=SENT),
    "bad header names in gzip": raw(FETCH, "undecodable_header", _JSON.encode(), headers=(("\udc80", b""),), codec=1),
    "a bad name and a bad value": headed(("\udcff", b"\xff"), ("\udcff", None), topic=SENT),
    "a correlation-id header too long": headed(("correlation-id", b"c" * 257), code="invalid_field"),
    "a correlation-id header with a line break": headed(("correlation-id", b"c\nd"), code="invalid_field", topic=SENT),
    "a correlation-id header of bytes": headed(("correlation-id", b"\xfe")),
    "a reply_to header on nonsense": raw(FETCH, "invalid_json", b"nonsense", headers=(("reply_to", b"elsewhere"),)),
    "a content-type that lies": raw(SENT, "invalid_json", b"<a/>", headers=(("content-type", b"application/json"),)),
    "a header of 500 kB": headed(("h", b"\xff" * 500_000)),
    "a thousand headers": headed(*[("h", b"1")] * 1_000, ("h", None), topic=SENT),
}
KEYS: Final = {
    "a null key": keyed(None),
    "an empty key": keyed(b""),
    "a key that is no UTF-8": keyed(b"\xff\xfe\x00"),
    "a key of 100 kB": keyed(b"k" * 100_000),
}
TOMBSTONES: Final = {
    "a tombstone": raw(FETCH, "empty_value", None),
    "a tombstone with a header": raw(SENT, "empty_value", None, headers=(("a", b""),)),
    "a tombstone without a key": raw(SENT, "empty_value", None, key=None),
    "a tombstone with a bad header": raw(FETCH, "undecodable_header", None, headers=(("a", None),)),
}
HOSTILE: Final[Mapping[str, Hostile]] = {
    name: hostile
    for kinds in (ENCODINGS, FORMS, DEPTHS, SIZES, TYPES, VALUES, MEANINGS, HEADERS, KEYS, TOMBSTONES)
    for name, hostile in kinds.items()
}
