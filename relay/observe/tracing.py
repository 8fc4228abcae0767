"""What tracing is told of, and what it gives back: nothing at all where it is off, which is the default.

A trace goes from part to part as the text of a W3C `traceparent`, in requests, states and stored answers.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from relay.core.model import Event, Lookup, Request

TRACEPARENT = "traceparent"


class Traced(Protocol):
    """The part of a decided turn that is told of: its events, in order, and what they belong to.

    `traces`, `drains`: by event_id, the trace of the message and of the drain that brought the report.
    `traceparents`: to be filled, one for each event, with what its record shall carry.
    """

    events: list[Event]
    traces: dict[str, str]
    drains: dict[str, str]
    traceparents: list[str]


Accepted = Callable[[Any, Request], Request]
"""Takes an input record and its request; gives the request with its trace."""
LookedUp = Callable[[Lookup, float, str, int | None], None]
"""Takes a lookup that ended: how many seconds ago it began, its outcome, and the HTTP status if there was one."""
Drained = Callable[[str, str, datetime, str, int | None], str | None]
"""Takes a drain that ended: its account, id, begin, outcome and status; gives its trace."""
Publishing = Callable[[Sequence[Traced]], AbstractContextManager[object]]
"""Surrounds the transaction of some turns; what leaves it is why nothing was published."""


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What the parts call; None costs them one look each."""

    accepted: Accepted | None = None
    looked_up: LookedUp | None = None
    drained: Drained | None = None
    publishing: Publishing = nullcontext
    close: Callable[[], Awaitable[None]] = _nothing


OFF = Tracing()


def tracing_to(endpoint: str | None, *, service: str, sample_ratio: float, attributes: Mapping[str, str]) -> Tracing:
    """Return what traces to an OTLP endpoint; OFF without one. It needs the extra `otel`."""
    if endpoint is None:
        return OFF
    from relay.observe.spans import exported  # noqa: PLC0415 - half a second and an extra that few have

    return exported(endpoint, service=service, sample_ratio=sample_ratio, attributes=attributes)
