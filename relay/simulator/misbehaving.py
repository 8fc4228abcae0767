"""Performs a fault: chooses the bytes of the answer and spoils the way they travel."""

import asyncio
import gzip
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from aiohttp import web

from relay.simulator.faults import FOREIGN, Fault, FaultKind
from relay.simulator.lookups import Lookup, Response

_WHOLE: Final = frozenset({FaultKind.DELAY, FaultKind.CONTENT_TYPE, FaultKind.GZIP, FaultKind.INVALID_UTF8})
_CHUNK: Final = b"x" * 65536
_GARBAGE: Final = b'\x00\x01{"status": 2, "substatus"'
_PAGE: Final = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"
_NOTHING: Final = Response(status=HTTPStatus.OK, body=b"")
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


def spoiled(fault: Fault, lookup: Lookup, now: float) -> Response:
    """Choose the answer's bytes; the provider is asked where the fault leaves it the word or consumes its reports."""
    honest = lookup.respond(now) if _consumes(fault) else _NOTHING
    # A drip counts as cut: whoever reads it may lose patience.
    lookup.struck(fault.kind.value, fault.kind not in _WHOLE)
    match fault.kind:
        case FaultKind.STATUS | FaultKind.ERROR_BODY:
            return _refusal(fault, lookup)
        case FaultKind.RAW | FaultKind.GARBAGE | FaultKind.HTML:
            return _foreign(fault)
        case FaultKind.OVERSIZED:
            return Response(status=fault.status or HTTPStatus.OK, body=b"", headers=_headers(fault))
        case _:
            return _altered(fault, honest)


async def deliver(request: web.BaseRequest, response: Response, fault: Fault) -> web.StreamResponse:
    """Send the answer the way the fault wants it; a client that leaves meanwhile is no error."""
    way = _WAYS.get(fault.kind, _whole)
    with suppress(ConnectionError):
        return await way(request, response, fault)
    return web.Response()


def plain(response: Response) -> web.Response:
    """Turn an answer into aiohttp's."""
    return web.Response(status=response.status, body=response.body, headers=response.headers)


def _consumes(fault: Fault) -> bool:
    return fault.kind not in FOREIGN if fault.consumes is None else fault.consumes


def _refusal(fault: Fault, lookup: Lookup) -> Response:
    status = fault.status or HTTPStatus.OK
    text = "Internal error" if status == HTTPStatus.OK else _phrase(status)
    refusal = lookup.error(status, text)
    return replace(
        refusal,
        body=refusal.body if fault.body is None else fault.body,
        headers={**refusal.headers, **_content_type(fault), **fault.headers},
    )


def _foreign(fault: Fault) -> Response:
    default = {FaultKind.GARBAGE: _GARBAGE, FaultKind.HTML: _PAGE}.get(fault.kind, b"")
    body = default if fault.body is None else fault.body
    return Response(status=fault.status or HTTPStatus.OK, body=body, headers=_headers(fault))


def _headers(fault: Fault) -> dict[str, str]:
    default = "text/html" if fault.kind is FaultKind.HTML else "application/json"
    return {"Content-Type": default, **_content_type(fault), **fault.headers}


def _content_type(fault: Fault) -> dict[str, str]:
    return {} if fault.content_type is None else {"Content-Type": fault.content_type}


def _altered(fault: Fault, honest: Response) -> Response:
    match fault.kind:
        case FaultKind.CONTENT_TYPE:
            declared = {"Content-Type": fault.content_type or "text/plain"}
            return replace(honest, headers={**honest.headers, **declared})
        case FaultKind.GZIP:
            headers = {**honest.headers, "Content-Encoding": "gzip"}
            return replace(honest, body=gzip.compress(honest.body), headers=headers)
        case FaultKind.INVALID_UTF8:
            return replace(honest, body=honest.body.replace(b'":"', b'":"\xff\xfe', 1))
        case _:
            return honest


async def _whole(_request: web.BaseRequest, response: Response, _fault: Fault) -> web.StreamResponse:
    return plain(response)


async def _hang(_request: web.BaseRequest, _response: Response, _fault: Fault) -> web.StreamResponse:
    forever: asyncio.Future[web.StreamResponse] = asyncio.get_running_loop().create_future()
    return await forever


async def _reset(request: web.BaseRequest, _response: Response, _fault: Fault) -> web.StreamResponse:
    transport = _transport(request)
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    return web.Response()


async def _cut(request: web.BaseRequest, response: Response, _fault: Fault) -> web.StreamResponse:
    return _written_and_closed(request, response, b"")


async def _truncated(request: web.BaseRequest, response: Response, _fault: Fault) -> web.StreamResponse:
    return _written_and_closed(request, response, response.body[: len(response.body) // 2])


def _written_and_closed(request: web.BaseRequest, response: Response, body: bytes) -> web.StreamResponse:
    headers = {**response.headers, "Content-Length": str(len(response.body))}
    transport = _transport(request)
    transport.write(_head(response.status, headers) + body)
    transport.close()
    return web.Response()


async def _oversized(request: web.BaseRequest, response: Response, fault: Fault) -> web.StreamResponse:
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    await stream.prepare(request)
    left = fault.size_bytes
    while left > 0:
        await stream.write(_CHUNK[:left])
        left -= len(_CHUNK)
    await stream.write_eof()
    return stream


async def _drip(request: web.BaseRequest, response: Response, fault: Fault) -> web.StreamResponse:
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(response.body)
    await stream.prepare(request)
    for byte in response.body:
        await stream.write(bytes([byte]))
        await asyncio.sleep(fault.drip_seconds)
    await stream.write_eof()
    return stream


def _transport(request: web.BaseRequest) -> asyncio.Transport:
    if request.transport is None:
        raise ConnectionResetError("the client has left")
    return request.transport


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


_Way = Callable[[web.BaseRequest, Response, Fault], Awaitable[web.StreamResponse]]
_WAYS: Final[Mapping[FaultKind, _Way]] = {
    FaultKind.HANG: _hang,
    FaultKind.RESET: _reset,
    FaultKind.CUT: _cut,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.OVERSIZED: _oversized,
    FaultKind.DRIP: _drip,
}
