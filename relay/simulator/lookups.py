"""What the server and the simulated providers tell each other about one lookup; imports neither."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request as it came: the path still percent-encoded, without its query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer before any fault spoils its delivery."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A call that a provider recognised as its own.

    `ids` are all ids that the lookup names or implies, the message id last. `respond` takes the instant of the answer
    and is called at most once, and not at all where a fault answers instead: there a read-once provider keeps its
    reports. `error` gives the provider's own error body for a status and a text. `struck` is told which fault struck
    the answer, after `respond` if that is called, and whether the fault may keep it from arriving whole.
    """

    account: str
    ids: tuple[str, ...]
    respond: Callable[[float], Response]
    error: Callable[[int, str], Response]
    struck: Callable[[str, bool], None] = lambda _fault, _cut: None


Provider = Callable[[Call], Lookup | None]
"""Recognises a call as a lookup of this provider, without any effect; None if the path is not its own."""
