"""Encodes Infobip's answers as JSON or, where the call accepts it, as XML."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, Literal
from xml.sax.saxutils import escape

import orjson

from relay.simulator.lookups import Call, Response

Accepted = Literal["json", "xml"]
XmlLayout = Literal["result", "results"]

_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REPLACEMENT: Final = "\ufffd"
_PROBLEMS: Final[Mapping[int, tuple[str, str]]] = {
    HTTPStatus.BAD_REQUEST: ("BAD_REQUEST", "Bad request"),
    HTTPStatus.UNAUTHORIZED: ("UNAUTHORIZED", "Invalid login details"),
    HTTPStatus.FORBIDDEN: ("UNAUTHORIZED", "Unauthorized access"),
    HTTPStatus.NOT_FOUND: ("NOT_FOUND", "Requested resource not found"),
    HTTPStatus.TOO_MANY_REQUESTS: ("TOO_MANY_REQUESTS", "Too many requests"),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("GENERAL_ERROR", "Something went wrong. Please contact support."),
}


def accepted(call: Call) -> Accepted:
    """Tell which format the call wants; JSON unless it names XML alone."""
    header = call.headers.get("Accept", "")
    return "xml" if "xml" in header and "json" not in header else "json"


def results(records: Iterable[Mapping[str, Any]], wanted: Accepted, *, root: str, layout: XmlLayout) -> Response:
    """Encode a collection, which may be empty; `root` and `layout` name the elements of XML."""
    if wanted == "json":
        return _json(HTTPStatus.OK, {"results": list(records)})
    items = "".join(_element(layout, record) for record in records)
    body = f"<results>{items}</results>" if items else "<results/>"
    return _xml(HTTPStatus.OK, f"<{root}>{body}</{root}>")


def problem(status: int, text: str, wanted: Accepted, *, reasons: Mapping[str, list[str]] | None = None) -> Response:
    """Encode the error body with the documented words, or `text` where the documentation has none."""
    message_id, words = _PROBLEMS.get(status, ("GENERAL_ERROR", text))
    exception = {"messageId": message_id, "text": words, **({"validationErrors": reasons} if reasons else {})}
    body = {"requestError": {"serviceException": exception}}
    return _json(status, body) if wanted == "json" else _xml(status, _element("ApiException", body))


def _json(status: int, value: Any) -> Response:
    return Response(status=status, body=orjson.dumps(value, default=_number))


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError


def _xml(status: int, text: str) -> Response:
    return Response(status=status, body=text.encode(), headers={"Content-Type": "application/xml"})


def _element(name: str, value: Any) -> str:
    match value:
        case None | "":
            return f"<{name}/>"
        case Mapping():
            return f"<{name}>{''.join(_element(key, inner) for key, inner in value.items())}</{name}>"
        case list():
            return "".join(_element(name, inner) for inner in value)
        case bool():
            return f"<{name}>{str(value).lower()}</{name}>"
        case Decimal():
            return f"<{name}>{value:f}</{name}>"
        case _:
            return f"<{name}>{escape(_NOT_IN_XML.sub(_REPLACEMENT, str(value)))}</{name}>"
