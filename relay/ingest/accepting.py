"""One input record → a request for its slot, or BadRecord. Pure but for the instant it is given."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from relay.contracts.bad_record import BadRecord, BadRecordCode
from relay.contracts.cloudevents import CORRELATION_HEADER
from relay.contracts.decoding import decode_fetch_request, decode_message_sent
from relay.contracts.fetch_request import DEFAULT_DETAIL, FetchRequest
from relay.contracts.message_sent import MessageSent
from relay.contracts.rules import check_fetch_request, check_message_sent
from relay.core.instants import to_milliseconds
from relay.core.model import Request, RequestKind
from relay.core.values import value_object
from relay.providers import PROVIDERS
from relay.providers.account import Account

RawHeaders = Sequence[tuple[str, bytes | None]]


@value_object(frozen=True, kw_only=True)
class Accepted:
    """A valid request, and the names of fields that the contract doesn't know."""

    request: Request
    unknown_fields: tuple[str, ...]


Accept = Callable[[bytes | None, bytes | None, RawHeaders, Mapping[str, Account], datetime], Accepted]


def accept_fetch_request(
    key: bytes | None, value: bytes | None, headers: RawHeaders, accounts: Mapping[str, Account], now: datetime
) -> Accepted:
    """Accept a FetchRequest.

    Raises:
        BadRecord: the record breaks the contract; the message names the field and the fix.

    """
    decoded = decode_fetch_request(value, correlation_id(headers), bytes_beside=_size(key, headers))
    account = _account(decoded.request.account, accounts)
    check_fetch_request(decoded.request, account.provider, PROVIDERS[account.provider].input_rules)
    return Accepted(request=_from_fetch(decoded.request, account, now), unknown_fields=decoded.unknown_fields)


def accept_message_sent(
    key: bytes | None, value: bytes | None, headers: RawHeaders, accounts: Mapping[str, Account], now: datetime
) -> Accepted:
    """Accept a MessageSent.

    Raises:
        BadRecord: the record breaks the contract; the message names the field and the fix.

    """
    decoded = decode_message_sent(value, correlation_id(headers), bytes_beside=_size(key, headers))
    account = _account(decoded.request.account, accounts)
    check_message_sent(decoded.request, account.provider, PROVIDERS[account.provider].input_rules)
    return Accepted(request=_from_sent(decoded.request, account, now), unknown_fields=decoded.unknown_fields)


def correlation_id(headers: RawHeaders) -> str | None:
    """Return the last `correlation-id` header.

    Raises:
        BadRecord: a header has no value or is not UTF-8, its name included: other consumers would choke on it.

    """
    found = None
    for name, value in headers:
        try:
            name.encode()  # bytes of a name that are not UTF-8 come as lone surrogates
            text = value.decode() if value is not None else None
        except UnicodeError:
            text = None
        if text is None:
            raise BadRecord(
                BadRecordCode.UNDECODABLE_HEADER,
                "a header has no value or is not UTF-8: send UTF-8 text in every header",
            )
        if name == CORRELATION_HEADER:
            found = text
    return found


def _size(key: bytes | None, headers: RawHeaders) -> int:
    return len(key or b"") + sum(len(name.encode()) + len(value or b"") for name, value in headers)


def _account(name: str, accounts: Mapping[str, Account]) -> Account:
    account = accounts.get(name)
    if account is None:
        raise BadRecord(
            BadRecordCode.UNKNOWN_ACCOUNT, "account: not configured: use the name of an account of the relay"
        )
    return account


def _from_fetch(request: FetchRequest, account: Account, now: datetime) -> Request:
    expires_at = request.expires_at or now + timedelta(seconds=account.polling.expire_after_seconds)
    return Request(
        kind=RequestKind.FETCH,
        account=request.account,
        received_at=now,
        anchor_at=now,
        expires_at=to_milliseconds(expires_at),
        message_id=request.message_id,
        extra_id=request.extra_id,
        bulk_id=request.bulk_id,
        detail=request.detail or DEFAULT_DETAIL,
        limit=request.limit,
        follow=request.follow and (request.message_id or request.extra_id) is not None,
        republish=request.republish,
        request_id=request.request_id,
        correlation_id=request.correlation_id,
    )


def _from_sent(sent: MessageSent, account: Account, now: datetime) -> Request:
    sent_at = to_milliseconds(sent.sent_at)
    return Request(
        kind=RequestKind.SENT,
        account=sent.account,
        received_at=now,
        anchor_at=sent_at,
        expires_at=_end_of_life(sent, sent_at, account),
        message_id=sent.message_id,
        extra_id=sent.extra_id,
        bulk_id=sent.bulk_id,
        recipient=sent.recipient,
        channels=tuple(channel.lower() for channel in sent.channels or ()),
        correlation_id=sent.correlation_id,
    )


def _end_of_life(sent: MessageSent, sent_at: datetime, account: Account) -> datetime:
    """Return until when to wait: the message's own time to live, and a grace for its end to be reported."""
    if sent.ttl_seconds is None:
        return sent_at + timedelta(seconds=account.polling.expire_after_seconds)
    ends_at = sent_at + timedelta(seconds=sent.ttl_seconds)
    return ends_at + timedelta(seconds=PROVIDERS[account.provider].grace_seconds(account))
