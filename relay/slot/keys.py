"""Keys of the state topic and of the shards: where a message lives."""

from collections.abc import Collection
from functools import lru_cache

from relay.core.model import Request

ACCOUNT, MESSAGE = b"account/", b"message/"


def shard_key(account: str, message_id: str | None, extra_id: str | None) -> bytes:
    """Return the key that chooses the slot of a message looked up one by one."""
    return f"{account}/{message_id}".encode() if message_id else f"{account}/extra:{extra_id}".encode()


def account_shard_key(account: str) -> bytes:
    """Return the key that chooses the slot of an account whose reports are collected: all its messages live there."""
    return account.encode()


def state_key(request: Request) -> bytes:
    """Return the state topic's key of what a request is about: a message, or unread reports."""
    if request.message_id:
        return message_key(request.account, request.message_id)
    if request.extra_id:
        return f"lookup/{request.account}/extra/{request.extra_id}".encode()
    return unread_key(request.account, request.bulk_id)


def unread_key(account: str, bulk_id: str | None) -> bytes:
    """Return the state topic's key of a request for what is unread of a bulk, or for whatever is unread."""
    return f"lookup/{account}/bulk/{bulk_id}".encode() if bulk_id else f"lookup/{account}/unread".encode()


def message_key(account: str, message_id: str) -> bytes:
    """Return the state topic's key of a message."""
    return f"message/{account}/{message_id}".encode()


def message_id_of(key: bytes) -> str | None:
    """Return the message_id that a state key names, None where it names none."""
    return key.split(b"/", 2)[2].decode() if key.startswith(MESSAGE) else None


def account_key(account: str) -> bytes:
    """Return the state topic's key of an account."""
    return ACCOUNT + account.encode()


@lru_cache(maxsize=2048)  # it is asked several times of each message of a turn
def account_of(key: bytes) -> str:
    """Return the account that a state key belongs to."""
    return key.split(b"/", 2)[1].decode()


def shard_of_state(key: bytes, collected: Collection[str]) -> bytes:
    """Return the key that chooses the slot of a stored state; `collected`: the accounts that live in one slot each.

    Raises:
        ValueError: it is no key of the state topic.

    """
    kind, account, *rest = key.decode().split("/", 2)
    if kind == "account" or account in collected:
        return account_shard_key(account)
    match kind, rest:
        case "message", [message_id]:
            return shard_key(account, message_id, None)
        case "lookup", [told] if told.startswith("extra/"):
            return shard_key(account, None, told.removeprefix("extra/"))
    raise ValueError("no key of the state topic")
