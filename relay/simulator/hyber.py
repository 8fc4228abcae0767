"""GMS Hyber's delivery-report API: recognises its lookups, checks credentials, answers from the ledger."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import orjson

from relay.simulator.hyber_reports import detailed_report, simple_report
from relay.simulator.ledger import Ledger
from relay.simulator.lookups import Call, Lookup, Response
from relay.simulator.messages import Sent

_WRITERS: Final[Mapping[str, Callable[[Sent, float], dict[str, Any]]]] = {
    "simple": simple_report,
    "advanced": detailed_report,
}
_JSON: Final = {"Content-Type": "application/json;charset=UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HyberSite:
    """One account at Hyber and how its site behaves where the documentation is silent.

    A report asked for within `too_early_seconds` of sending (divided by the simulator's speed) is refused with
    `too_early_status`; 0 seconds switches that off.
    """

    client_id: str = "1021"
    username: str = "login"
    password: str = "password"  # noqa: S105 - the simulator's own, public
    path: str = "/{client_id}/api/dr"
    too_early_seconds: float = 10.0
    too_early_status: int = 404


class Hyber:
    """The delivery-report API of one site."""

    def __init__(self, site: HyberSite, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger
        self._account = f"hyber/{site.client_id}"
        self._prefix = site.path.format(client_id=site.client_id).rstrip("/") + "/"
        self._credentials = b64encode(f"{site.username}:{site.password}".encode()).decode()

    def lookup(self, call: Call) -> Lookup | None:
        """Recognise `<path>/<message_id>/<detail>` and `<path>/external/<extra_id>/<detail>`."""
        if not call.path.startswith(self._prefix):
            return None
        match call.path.removeprefix(self._prefix).split("/"):
            case [message_id, detail]:
                asked = unquote(message_id)
                return self._recognised(call, (asked,), partial(self._ledger.by_message_id, asked), detail)
            case ["external", extra_id, detail]:
                asked = unquote(extra_id)
                known_as = self._ledger.message_id_of(asked)
                ids = (asked,) if known_as is None else (asked, known_as)
                return self._recognised(call, ids, partial(self._ledger.by_extra_id, asked), detail)
            case _:
                return self._recognised(call, (), _nothing, "")

    def _recognised(
        self, call: Call, ids: tuple[str, ...], find: Callable[[float], Sent | None], detail: str
    ) -> Lookup:
        return Lookup(
            account=self._account,
            ids=ids,
            respond=lambda now: self._refused(call, detail) or self._reported(find(now), detail, now),
            error=error_response,
        )

    def _refused(self, call: Call, detail: str) -> Response | None:
        scheme, _, credentials = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic" or credentials != self._credentials:
            refusal = error_response(HTTPStatus.UNAUTHORIZED, "Unauthorized")
            return Response(
                status=refusal.status,
                body=refusal.body,
                headers={**refusal.headers, "WWW-Authenticate": 'Basic realm="hyber"'},
            )
        if detail not in _WRITERS:
            return error_response(HTTPStatus.NOT_FOUND, "Resource not found")
        if call.method != "GET":
            return error_response(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed")
        return None

    def _reported(self, sent: Sent | None, detail: str, now: float) -> Response:
        if sent is None:
            return error_response(HTTPStatus.NOT_FOUND, "Message not found")
        if now < sent.readable_at:
            return error_response(self._site.too_early_status, "Delivery report is not available yet")
        return Response(status=HTTPStatus.OK, body=orjson.dumps(_WRITERS[detail](sent, now)), headers=_JSON)


def error_response(status: int, text: str) -> Response:
    """Give Hyber's error body; its code repeats the HTTP status, for the real codes are not public."""
    return Response(status=status, body=orjson.dumps({"error_code": int(status), "error_text": text}), headers=_JSON)


def _nothing(_now: float) -> None:
    return None
