"""The simulator's own HTTP endpoints, by which other processes send messages, order faults and learn the truth.

Takes JSON, answers JSON; a wrong body is a 400 that names each field and repeats no input.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from relay.simulator.faults import Fault, Faults
from relay.simulator.infobip_calls import VoiceCall
from relay.simulator.infobip_truth import CallTruth, HandedOut
from relay.simulator.journal import Stats
from relay.simulator.messages import Message
from relay.simulator.truth import Truth

CONTROL_PREFIX: Final = "/_simulator/"


class Controlled(Protocol):
    """What the endpoints do things to."""

    faults: Faults

    def send_many(self, messages: list[Message]) -> None:
        """Take messages over."""

    def truth(self) -> Mapping[str, Truth]:
        """Give the truth about every message."""

    def send_calls(self, calls: list[VoiceCall]) -> None:
        """Take calls over."""

    def call_truth(self) -> Mapping[str, CallTruth]:
        """Give the truth about every call."""

    def handed_out(self) -> tuple[HandedOut, ...]:
        """Give every report that was handed out."""

    def unread(self) -> int:
        """Count the reports that wait to be read."""

    def stats(self) -> Stats:
        """Give the counters."""


class _Messages(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    messages: list[Message]


class _Calls(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    calls: list[VoiceCall]


class _Faults(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    faults: list[Fault]


async def control(simulator: Controlled, request: web.BaseRequest, path: str, query: str) -> web.Response:
    """Answer a call under `/_simulator/`."""
    endpoints = ENDPOINTS.get(path.removeprefix(CONTROL_PREFIX))
    if endpoints is None:
        known = ", ".join(f"{name} ({' or '.join(methods)})" for name, methods in ENDPOINTS.items())
        return _error(HTTPStatus.NOT_FOUND, f"no such endpoint; there are {known}")
    endpoint = endpoints.get(request.method)
    if endpoint is None:
        return _error(HTTPStatus.METHOD_NOT_ALLOWED, f"use {' or '.join(endpoints)}")
    try:
        return await endpoint(simulator, request, query)
    except ValidationError as error:
        return _invalid(error)


async def _post_messages(simulator: Controlled, request: web.BaseRequest, _query: str) -> web.Response:
    order = _Messages.model_validate_json(await request.read())
    simulator.send_many(order.messages)
    return _json({"accepted": len(order.messages)}, HTTPStatus.CREATED)


async def _post_calls(simulator: Controlled, request: web.BaseRequest, _query: str) -> web.Response:
    order = _Calls.model_validate_json(await request.read())
    simulator.send_calls(order.calls)
    return _json({"accepted": len(order.calls)}, HTTPStatus.CREATED)


async def _get_calls(simulator: Controlled, _request: web.BaseRequest, query: str) -> web.Response:
    return _told("calls", simulator.call_truth(), query)


async def _get_handed_out(simulator: Controlled, _request: web.BaseRequest, _query: str) -> web.Response:
    reports = [asdict(report) for report in simulator.handed_out()]
    return _json({"unread": simulator.unread(), "handed_out": reports})


async def _post_faults(simulator: Controlled, request: web.BaseRequest, _query: str) -> web.Response:
    order = _Faults.model_validate_json(await request.read())
    simulator.faults.add(*order.faults)
    return _json({"accepted": len(order.faults)}, HTTPStatus.CREATED)


async def _delete_faults(simulator: Controlled, _request: web.BaseRequest, _query: str) -> web.Response:
    return _json({"cleared": simulator.faults.clear()})


async def _get_truth(simulator: Controlled, _request: web.BaseRequest, query: str) -> web.Response:
    return _told("messages", simulator.truth(), query)


def _told(name: str, truths: Mapping[str, Truth] | Mapping[str, CallTruth], query: str) -> web.Response:
    wanted = parse_qs(query).get("message_id")
    if wanted is None:
        return _json({name: {message_id: asdict(truth) for message_id, truth in truths.items()}})
    if wanted[-1] not in truths:
        return _error(HTTPStatus.NOT_FOUND, "no such message")
    return _json(asdict(truths[wanted[-1]]))


async def _get_stats(simulator: Controlled, _request: web.BaseRequest, _query: str) -> web.Response:
    return _json(asdict(simulator.stats()))


def _invalid(error: ValidationError) -> web.Response:
    fields = [
        {"field": ".".join(map(str, details["loc"])) or "(body)", "message": details["msg"]}
        for details in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    text = "; ".join(f"{field['field']}: {field['message']}" for field in fields)
    return _json({"error_text": text, "fields": fields}, HTTPStatus.BAD_REQUEST)


def _error(status: HTTPStatus, text: str) -> web.Response:
    return _json({"error_text": text}, status)


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(status=status, body=body, content_type="application/json")


_Endpoint = Callable[[Controlled, web.BaseRequest, str], Awaitable[web.Response]]
ENDPOINTS: Final[Mapping[str, Mapping[str, _Endpoint]]] = {
    "messages": {"POST": _post_messages},
    "calls": {"POST": _post_calls, "GET": _get_calls},
    "handed-out": {"GET": _get_handed_out},
    "faults": {"POST": _post_faults, "DELETE": _delete_faults},
    "truth": {"GET": _get_truth},
    "stats": {"GET": _get_stats},
}
