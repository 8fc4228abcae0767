"""The one seam to the HTTP client: a GET with a total time-out and a bounded body; never a retry, never a redirect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BodyDecodeError, PyreqwestError
from pyreqwest.response import Response

BODY_BYTES = 8 * 1_048_576


class Failure(StrEnum):
    """Why there is no response; also the metric's label."""

    TIMED_OUT = "timed_out"
    CONNECTION = "connection"
    TRUNCATED = "truncated"
    OVERSIZED = "oversized"


class HttpFailure(Exception):  # noqa: N818 - the failure is the fact
    """No whole response came. It says nothing of whether the provider saw the request."""

    def __init__(self, kind: Failure) -> None:
        super().__init__(kind.value)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A GET without secrets: path and query, percent-encoded, beginning with a slash."""

    path: str
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP answer, its body whole."""

    status: int
    body: bytes
    retry_after: str | None = None
    content_type: str | None = None


class Http(Protocol):
    """What lookups need of an HTTP client."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Return the response, or raise HttpFailure."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


class PyreqwestHttp:
    """Http on pyreqwest. `max_bytes` bounds the body as it is read, so that no answer can fill the memory."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        timeout_seconds: float,
        ca_file: Path | None = None,
        max_bytes: int = BODY_BYTES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._max_bytes = max_bytes
        self._client = _client(headers, timeout_seconds, ca_file)

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Send one GET and read its whole body.

        Raises:
            HttpFailure: time-out (connecting and reading together), no connection, cut answer, body over the bound.

        """
        builder = self._client.get(self._base_url + request.path)
        if request.headers:
            builder = builder.headers(request.headers)
        try:
            async with builder.build_streamed() as response:
                body = await self._body(response)
                return HttpResponse(
                    response.status, body, _header(response, "retry-after"), _header(response, "content-type")
                )
        except TimeoutError:
            raise HttpFailure(Failure.TIMED_OUT) from None
        except BodyDecodeError:
            raise HttpFailure(Failure.TRUNCATED) from None
        except PyreqwestError as error:
            raise HttpFailure(_kind(error)) from None

    async def _body(self, response: Response) -> bytes:
        length = _header(response, "content-length")
        if length is not None and length.isdecimal():
            if int(length) > self._max_bytes:
                raise HttpFailure(Failure.OVERSIZED)
            return bytes(await response.bytes())  # no more than the length is read: one call instead of one a chunk
        chunks, size = [], 0
        while (chunk := await response.body_reader.read_chunk()) is not None:
            size += len(chunk)
            if size > self._max_bytes:
                raise HttpFailure(Failure.OVERSIZED)
            chunks.append(bytes(chunk))
        return b"".join(chunks)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _client(headers: Mapping[str, str], timeout_seconds: float, ca_file: Path | None) -> Client:
    builder = (
        ClientBuilder()
        .default_headers(dict(headers))
        .timeout(timedelta(seconds=timeout_seconds))
        .follow_redirects(enable=False)
        .no_proxy()
        .gzip(enable=False)
        .brotli(enable=False)
        .deflate(enable=False)
        .zstd(enable=False)
        .referer(enable=False)
        .user_agent("delivery-relay")
    )
    if ca_file is not None:
        builder = builder.add_root_certificate_pem(ca_file.read_bytes())
    return builder.build()


def _header(response: Response, name: str) -> str | None:
    """Return a header; one that is no text counts as none: the body is worth more than it."""
    try:
        return response.get_header(name)
    except ValueError:
        return None


def _kind(error: PyreqwestError) -> Failure:
    text = str(error).lower()
    return Failure.TIMED_OUT if "timed out" in text or "timeout" in text else Failure.CONNECTION
