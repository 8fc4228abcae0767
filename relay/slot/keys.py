"""Keys of the state topic and of the shards: where a message lives."""

from relay.core.model import Request


def shard_key(account: str, message_id: str | None, extra_id: str | None) -> bytes:
    """Return the key that chooses the slot of a message looked up one by one."""
    return f"{account}/{message_id}".encode() if message_id else f"{account}/extra:{extra_id}".encode()


def state_key(request: Request) -> bytes:
    """Return the state topic's key of the message that a request is about."""
    if request.message_id:
        return f"message/{request.account}/{request.message_id}".encode()
    return f"lookup/{request.account}/extra/{request.extra_id}".encode()


def account_of(key: bytes) -> str:
    """Return the account that a state key belongs to."""
    return key.split(b"/", 2)[1].decode()
