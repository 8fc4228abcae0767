"""What an account's configuration and its provider's nature mean to the core."""

from dataclasses import dataclass

from relay.core.masking import Recipients
from relay.core.policy import Schedule

RETENTION_SECONDS = 7 * 86_400.0  # the dedupe horizon: a finished message is forgotten after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """How an account's reports are collected: how often while messages are pending, how many, how long a GET lasts."""

    drain_seconds: float
    limit: int
    timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The facts of one account that decisions depend on; `collecting` where reports are handed out only once."""

    account: str
    provider: str
    schedule: Schedule
    seen_channels: frozenset[str]
    collecting: Collecting | None = None
    recipients: Recipients = Recipients.MASKED
    retention_seconds: float = RETENTION_SECONDS
