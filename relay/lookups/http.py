"""The one seam to the HTTP client: what a lookup asks, and what comes back of it."""

from collections.abc import Awaitable, Mapping
from enum import StrEnum
from typing import Protocol

from relay.core.values import value_object


class Failure(StrEnum):
    """Why there is no response; also the metric's label."""

    TIMED_OUT = "timed_out"
    CONNECTION = "connection"
    TRUNCATED = "truncated"
    OVERSIZED = "oversized"


@value_object(frozen=True)
class HttpRequest:
    """A GET without secrets: path and query, percent-encoded, beginning with a slash."""

    path: str
    headers: Mapping[str, str] | None = None


@value_object(frozen=True)
class HttpResponse:
    """One HTTP answer, its body whole."""

    status: int
    body: bytes
    retry_after: str | None = None
    content_type: str | None = None


class HttpFailure(Exception):  # noqa: N818 - the failure is the fact
    """No whole response came. It says nothing of whether the provider saw the request.

    `received`: what came before it broke off, if that was a head at least. `detail`: the client's words for
    why there was no connection, such as a name that is not found or a certificate that is not trusted; never a URL.
    """

    def __init__(self, kind: Failure, received: HttpResponse | None = None, detail: str | None = None) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.received = received
        self.detail = detail


class Http(Protocol):
    """What lookups need of an HTTP client."""

    def get(self, request: HttpRequest) -> Awaitable[HttpResponse]:
        """Return the response, or raise HttpFailure."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...
