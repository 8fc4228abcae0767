"""Requests on the timeline: as they were sent to the input topics, and as they were accepted into the inbox."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from relay.contracts.bad_record import BadRecord
from relay.core.items import Requested
from relay.core.masking import Recipients, shown_recipient
from relay.core.model import Json, Request
from relay.explain.entries import Entry, Found, Kind, joined, shown
from relay.ingest.accepting import accept_fetch_request, accept_message_sent
from relay.providers.account import Account

LONGEST_SHOWN = 256
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "fetch_requests": ("extra_id", "bulk_id", "detail", "limit", "follow", "republish", "expires_at", "correlation_id"),
    "messages_sent": ("extra_id", "bulk_id", "channels", "sent_at", "ttl_seconds", "correlation_id"),
}
_IDS = ("account", "request_id", "message_id")


def fields_of(value: bytes) -> Json | None:
    """Return the fields of an input record, however it breaks the contract; None if it is no JSON object."""
    try:
        # Numbers that JSON can't write come as text, so that they can be shown.
        fields = json.loads(value.decode(errors="replace"), parse_constant=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def account_in(fields: Json) -> str:
    """Return the account that the fields name; nothing where that is no text."""
    account = fields.get("account")
    return account if isinstance(account, str) else ""


def input_entry(found: Found, accounts: Mapping[str, Account], now: datetime) -> Entry:
    """Tell of a record of an input topic, and whether the contract refuses it."""
    fields = fields_of(found.value or b"") or {}
    fetch = found.topic == "fetch_requests"
    said = {name: fields[name] for name in (*_IDS, *_FIELDS[found.topic]) if fields.get(name) is not None}
    refused = _refusal(found, accounts, now)
    return Entry(
        at=found.at,
        kind=Kind.REQUEST,
        account=account_in(fields) or None,
        text=joined(
            f"fetch requested by {_text(said.get('request_id', '?'))}" if fetch else "reported as sent",
            None if refused else _recipient(fields),
            *(f"{name} {_text(said[name])}" for name in _FIELDS[found.topic] if name in said),
            f"refused: {refused['code']}: {refused['message']}" if refused else None,
        ),
        details={**{name: _value(value) for name, value in said.items()}, "refused": refused},
        found=found,
    )


def _refusal(found: Found, accounts: Mapping[str, Account], now: datetime) -> dict[str, str] | None:
    accept = accept_fetch_request if found.topic == "fetch_requests" else accept_message_sent
    try:
        accept(found.key, found.value, found.headers, accounts, now)
    except BadRecord as bad:
        return {"code": bad.code.value, "message": bad.message}
    return None


def _recipient(fields: Json) -> str | None:
    recipient = fields.get("recipient")
    return f"to {shown_recipient(recipient, Recipients.MASKED)}" if isinstance(recipient, str) else None


def _value(value: Any) -> Any:
    """Return a field as its sender wrote it, but never endlessly."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        return "…"
    return value if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _text(value: Any) -> str:
    shortened = _value(value)
    return shortened if isinstance(shortened, str) else json.dumps(shortened)


def inbox_entry(found: Found, item: Requested) -> Entry:
    """Tell of a request in the inbox: accepted from outside, or forwarded by the slot that learned the message_id."""
    request = item.request
    forwarded = item.report is not None or bool(item.published)
    return Entry(
        at=found.at,
        kind=Kind.FORWARDED if forwarded else Kind.ACCEPTED,
        account=request.account,
        text=joined(_origin(item), *_wishes(request), f"expires {shown(request.expires_at)}"),
        details={
            "kind": request.kind.value,
            "message_id": request.message_id,
            "extra_id": request.extra_id,
            "bulk_id": request.bulk_id,
            "request_id": request.request_id,
            "correlation_id": request.correlation_id,
            "received_at": shown(request.received_at),
            "anchor_at": shown(request.anchor_at),
            "expires_at": shown(request.expires_at),
            "follow": request.follow,
            "republish": request.republish,
            "report": None if item.report is None else item.report.outcome.value,
            "published": [event.event_id for event in item.published],
        },
        found=found,
    )


def _origin(item: Requested) -> str:
    request = item.request
    if item.report is not None:
        return f"extra_id {request.extra_id} is message {request.message_id}, reported {item.report.outcome.value}"
    if item.published:
        return f"extra_id {request.extra_id} is message {request.message_id}"
    return f"fetch request {request.request_id}" if request.kind.value == "fetch" else "sent message"


def _wishes(request: Request) -> tuple[str | None, ...]:
    return (
        f"by extra_id {request.extra_id}" if request.extra_id and not request.message_id else None,
        None if request.follow else "asked once",
        "republish" if request.republish else None,
        f"looked up from {shown(request.anchor_at)} on" if request.anchor_at != request.received_at else None,
    )
