"""The JSON Schemas (2020-12) of the topics' values: generated from the models, written to and compared with a folder.

A schema is open where its readers are others: fields may be added within a version.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from relay.contracts.dead_letter import DeadLetter
from relay.contracts.fetch_request import FetchRequest
from relay.contracts.message_sent import MessageSent
from relay.contracts.status_changed import StatusChanged

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SUFFIX: Final = ".schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSchema:
    """A model and the side that it is seen from: what senders may write, or what readers will find."""

    model: type[BaseModel]
    mode: Literal["validation", "serialization"]


PUBLISHED: Final[Mapping[str, PublishedSchema]] = {
    "fetch_request": PublishedSchema(model=FetchRequest, mode="validation"),
    "message_sent": PublishedSchema(model=MessageSent, mode="validation"),
    "status_changed": PublishedSchema(model=StatusChanged, mode="serialization"),
    "dead_letter": PublishedSchema(model=DeadLetter, mode="serialization"),
}


def schema_id(name: str) -> str:
    """Give the `$id` of a schema; events carry it as `ce_dataschema`."""
    return f"urn:delivery-relay:schema:{name}:v1"


def file_name(name: str) -> str:
    """Give the name of a schema's file."""
    return f"{name}.v1{_SUFFIX}"


def generate(name: str) -> dict[str, Any]:
    """Generate the JSON Schema of one published shape."""
    published = PUBLISHED[name]
    body: dict[str, Any] = _tidied(published.model.model_json_schema(mode=published.mode))
    head = {"$schema": _DIALECT, "$id": schema_id(name), "title": published.model.__name__}
    return head | {"description": body.pop("description")} | body


def write(folder: Path) -> list[Path]:
    """Write every schema that is missing or stale into the folder and give the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in PUBLISHED:
        path = folder / file_name(name)
        if _content(path) != _document(name):
            path.write_bytes(_document(name))
            written.append(path)
    return written


def check(folder: Path) -> list[str]:
    """Compare the folder with the models; each difference is an instruction, none means up to date."""
    differences = []
    for name in PUBLISHED:
        path = folder / file_name(name)
        content = _content(path)
        if content is None:
            differences.append(f"{path} is missing: run `relay schemas write`")
        elif content != _document(name):
            differences.append(f"{path} is stale: run `relay schemas write`")
    known = {file_name(name) for name in PUBLISHED}
    orphans = sorted(path for path in folder.glob(f"*{_SUFFIX}") if path.name not in known)
    return differences + [f"{path} belongs to no model: delete it, or publish its model" for path in orphans]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _document(name: str) -> bytes:
    return (json.dumps(generate(name), indent=2, ensure_ascii=False) + "\n").encode()


def _tidied(node: Any) -> Any:
    """Drop generated titles and null defaults, which say nothing, and what would close the schema to additions."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    dropped = {("additionalProperties", False), ("default", None)}
    return {
        key: _tidied(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
        and not (isinstance(value, bool | None) and (key, value) in dropped)
    }
