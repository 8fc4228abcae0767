"""Infobip's error bodies: whether a body is one, and what it says."""

import json
from typing import Any

from defusedxml.ElementTree import ParseError, fromstring

from relay.printable import printable

LARGEST = 65_536  # bytes; error bodies are small
SHOWN = 256


def error_in(body: bytes) -> str | None:
    """Return the id and text of an error body, JSON or XML, for people to read; None where this is none.

    Infobip words the same error differently in different places, so nothing may be decided by it.
    """
    if len(body) > LARGEST:
        return None
    said = _in_xml(body) if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else _in_json(body)
    texts = [text for text in said or () if isinstance(text, str) and text]
    return printable(": ".join(texts))[:SHOWN] if texts else None


def _in_json(body: bytes) -> tuple[object, object] | None:
    try:
        value: Any = json.loads(body)
        said = value["requestError"]["serviceException"]
        return said.get("messageId"), said.get("text")
    except (ValueError, RecursionError, TypeError, KeyError, IndexError, AttributeError):
        return None


def _in_xml(body: bytes) -> tuple[object, object] | None:
    """Look for the exception below any root: the one of live answers is not documented."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):
        return None
    said = next(root.iter("serviceException"), None)
    return None if said is None else (said.findtext("messageId"), said.findtext("text"))
