"""Keeps the faults that were ordered and says which one, if any, a lookup meets; performs none."""

from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass as plain_dataclass
from enum import StrEnum
from itertools import chain
from random import Random
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from relay.simulator.messages import Id, Seconds


class FaultKind(StrEnum):
    """What goes wrong with an answer."""

    STATUS = "status"  # another HTTP status, with `headers` such as Retry-After or Location
    DELAY = "delay"  # the right answer, after `delay_seconds`
    HANG = "hang"  # never an answer
    RESET = "reset"  # connection reset before the first byte
    CUT = "cut"  # connection closed after the headers
    TRUNCATED = "truncated"  # connection closed in the middle of the body
    GARBAGE = "garbage"  # a body that is no JSON
    HTML = "html"  # a proxy's error page with status 200
    OVERSIZED = "oversized"  # a body of `size_bytes`, streamed
    DRIP = "drip"  # the right body, a byte every `drip_seconds`
    CONTENT_TYPE = "content_type"  # the right body, declared as `content_type`
    GZIP = "gzip"  # the right body, gzip-encoded
    INVALID_UTF8 = "invalid_utf8"  # the right body with bytes that are no UTF-8
    ERROR_BODY = "error_body"  # the provider's error body with status 200
    RAW = "raw"  # `body`, `status`, `content_type` and `headers` as given


def _decoded(value: object) -> object:
    """Take bytes also as `{"base64": "..."}`, for JSON has no other way to say arbitrary bytes."""
    match value:
        case {"base64": str(text), **others} if not others:
            return b64decode(text, validate=True)
        case _:
            return value


HeaderText = Annotated[str, Field(pattern=r"^[^\r\n\x00]*$")]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Fault:
    """A fault and the lookups that it strikes: those that every condition given lets through.

    `message_id` (or the extra id asked for) and `account` name the victim; `times` ends it after so many lookups;
    `after_seconds` and `for_seconds` are a window counted from the order; `rate` is the share that is struck.
    `delay_seconds` comes before any kind. Status and content type None mean the kind's own. `consumes` says whether a
    read-once provider counts its reports as read all the same: True makes a status or a foreign body one that a proxy
    sent after that, False makes a hang or a reset one that came before; None is the kind's own.
    """

    kind: FaultKind
    message_id: Id | None = None
    account: str | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    after_seconds: Seconds = 0.0
    for_seconds: Seconds | None = None
    rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    delay_seconds: Seconds = 0.0
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    headers: Mapping[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")], HeaderText] = Field(default_factory=dict)
    content_type: HeaderText | None = None
    body: Annotated[bytes, BeforeValidator(_decoded)] | None = None
    size_bytes: Annotated[int, Field(ge=1)] = 64 * 1024 * 1024
    drip_seconds: Seconds = 1.0
    consumes: bool | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = {FaultKind.STATUS: self.status, FaultKind.RAW: self.body, FaultKind.DELAY: self.delay_seconds or None}
        if missing.get(self.kind, self) is None:
            raise ValueError(f"a fault of kind {self.kind.value} needs {_NEEDED[self.kind]}")
        if self.consumes is False and self.kind not in UNCONSUMING:
            raise ValueError(f"a fault of kind {self.kind.value} always consumes")
        return self


SILENT: Final = frozenset({FaultKind.HANG, FaultKind.RESET})
"""Faults after which the client has not even seen a status line."""

FOREIGN: Final = frozenset(
    {
        FaultKind.STATUS,
        FaultKind.ERROR_BODY,
        FaultKind.RAW,
        FaultKind.GARBAGE,
        FaultKind.HTML,
        FaultKind.OVERSIZED,
    }
)
"""Faults that answer in the provider's stead."""

UNCONSUMING: Final = SILENT | FOREIGN
"""Faults that may leave a read-once provider's reports unread."""

_NEEDED: Final = {FaultKind.STATUS: "status", FaultKind.RAW: "body", FaultKind.DELAY: "delay_seconds"}


@plain_dataclass(slots=True, kw_only=True)
class _Ordered:
    fault: Fault
    opens_at: float
    closes_at: float
    left: float

    def strikes(self, account: str, now: float, random: Random) -> bool:
        fault = self.fault
        return (
            self.opens_at <= now < self.closes_at
            and fault.account in (None, account)
            and (fault.rate >= 1 or random.random() < fault.rate)
        )


class Faults:
    """The faults in force, in the order in which they were added; those for one message go before the others."""

    def __init__(self, *, clock: Callable[[], float], seed: int) -> None:
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - faults, no secrets
        self._everywhere: deque[_Ordered] = deque()
        self._by_id: dict[str, deque[_Ordered]] = {}

    def __len__(self) -> int:
        return sum(1 for _ in self._all())

    def add(self, *faults: Fault) -> None:
        """Put faults in force; a lookup meets the first one that strikes it."""
        now = self._clock()
        for fault in faults:
            opens_at = now + fault.after_seconds
            ordered = _Ordered(
                fault=fault,
                opens_at=opens_at,
                closes_at=opens_at + (float("inf") if fault.for_seconds is None else fault.for_seconds),
                left=float("inf") if fault.times is None else fault.times,
            )
            self._queue_of(fault).append(ordered)

    def clear(self) -> int:
        """End all faults and give how many were in force or still to come."""
        count = len(self)
        self._everywhere.clear()
        self._by_id.clear()
        return count

    def take(self, ids: Iterable[str], account: str) -> Fault | None:
        """Give the fault that strikes a lookup, and count it as used."""
        if not self._everywhere and not self._by_id:
            return None
        now = self._clock()
        own = (self._by_id.get(known_as, ()) for known_as in ids)
        for ordered in chain(chain.from_iterable(own), self._everywhere):
            if ordered.strikes(account, now, self._random):
                self._use(ordered)
                return ordered.fault
        return None

    def _all(self) -> Iterator[_Ordered]:
        return chain(self._everywhere, *self._by_id.values())

    def _queue_of(self, fault: Fault) -> deque[_Ordered]:
        return self._everywhere if fault.message_id is None else self._by_id.setdefault(fault.message_id, deque())

    def _use(self, ordered: _Ordered) -> None:
        ordered.left -= 1
        if ordered.left > 0:
            return
        queue = self._queue_of(ordered.fault)
        queue.remove(ordered)
        if not queue and ordered.fault.message_id is not None:
            del self._by_id[ordered.fault.message_id]
