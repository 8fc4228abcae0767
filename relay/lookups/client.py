"""The HTTP client: a GET with a total time-out and a bounded body; never a retry, never a redirect."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import BodyDecodeError, ConnectError, PyreqwestError
from pyreqwest.response import Response

from relay.lookups.http import Failure, HttpFailure, HttpRequest, HttpResponse

BODY_BYTES = 8 * 1_048_576


class PyreqwestHttp:
    """Http on pyreqwest. `max_bytes` bounds the body as it is read, so that no answer can fill the memory.

    `keep_cut`: a failure brings what was received; for answers that can't be asked for again.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        timeout_seconds: float,
        ca_file: Path | None = None,
        max_bytes: int = BODY_BYTES,
        keep_cut: bool = False,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._max_bytes = max_bytes
        self._keep_cut = keep_cut
        self._client = _client(headers, timeout_seconds, ca_file)

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Send one GET and read its whole body.

        Raises:
            HttpFailure: time-out (connecting and reading together), no connection, cut answer, body over the bound.

        """
        builder = self._client.get(self._base_url + request.path)
        if request.headers:
            builder = builder.headers(request.headers)
        if self._keep_cut:
            builder = builder.streamed_read_buffer_limit(0)  # what is read ahead is lost with the error
        whole: HttpResponse | None = None
        try:
            async with builder.build_streamed() as response:
                whole = await (self._kept(response) if self._keep_cut else self._whole(response))
        except (TimeoutError, PyreqwestError) as error:
            if whole is not None:
                return whole  # only closing failed; the provider may not say it again
            raise HttpFailure(_kind(error), detail=_detail(error)) from None
        return whole

    async def _whole(self, response: Response) -> HttpResponse:
        length = _header(response, "content-length")
        if length is not None and length.isdecimal():
            if int(length) > self._max_bytes:
                raise HttpFailure(Failure.OVERSIZED)
            # no more than the length is read: one call instead of one a chunk
            return _response(response, bytes(await response.bytes()))
        return await self._kept(response)

    async def _kept(self, response: Response) -> HttpResponse:
        chunks: list[bytes] = []
        size = 0
        try:
            while (chunk := await response.body_reader.read_chunk()) is not None:
                size += len(chunk)
                if size > self._max_bytes:
                    raise HttpFailure(Failure.OVERSIZED, _response(response, b"".join(chunks)))
                chunks.append(bytes(chunk))
        except (TimeoutError, PyreqwestError) as error:
            kind = Failure.TIMED_OUT if _kind(error) is Failure.TIMED_OUT else Failure.TRUNCATED
            raise HttpFailure(kind, _response(response, b"".join(chunks))) from None
        return _response(response, b"".join(chunks))

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


def _response(response: Response, body: bytes) -> HttpResponse:
    return HttpResponse(response.status, body, _header(response, "retry-after"), _header(response, "content-type"))


def _detail(error: Exception) -> str | None:
    """Return the innermost cause of a failed connection: the outer ones say less, and the outermost quotes the URL."""
    if not isinstance(error, ConnectError):
        return None
    causes = [str(cause.get("message")) for cause in ((error.details or {}).get("causes") or ())]
    return causes[-1] if len(causes) > 1 else None


def _kind(error: Exception) -> Failure:
    if isinstance(error, TimeoutError):
        return Failure.TIMED_OUT
    if isinstance(error, BodyDecodeError):
        return Failure.TRUNCATED
    text = str(error).lower()
    return Failure.TIMED_OUT if "timed out" in text or "timeout" in text else Failure.CONNECTION
