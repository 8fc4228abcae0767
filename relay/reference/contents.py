"""The AsyncAPI document → what a page or a text tells of it: shapes, the topics that have them, rows and examples.

`rules.md` says what schemas can't: headings and paragraphs, `code` between backticks, nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from relay.compatibility.keywords import resolved
from relay.reference.fields import Row, rows

_SIDE = {"send": "the relay writes, you read", "receive": "you write, the relay reads"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPart:
    """A topic: its headers as rows, its example as JSON."""

    address: str
    side: str
    summary: str
    key: str
    headers: list[Row]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A shape of values, with its topics."""

    name: str
    title: str
    description: str
    topics: list[TopicPart]
    fields: list[Row]


def rules() -> str:
    """Give the rules of all topics, as Markdown."""
    return files("relay.reference").joinpath("rules.md").read_text("utf-8")


def shapes(document: Mapping[str, Any]) -> list[Shape]:
    """Give the shapes in the order of the document, those that the relay publishes first."""
    messages = document["components"]["messages"]
    by_shape: dict[str, list[str]] = {}
    for name, _ in sorted(document["operations"].items(), key=lambda entry: entry[1]["action"] != "send"):
        by_shape.setdefault(messages[name]["payload"]["$ref"].rpartition("/")[2], []).append(name)
    return [_shape(document, shape, names) for shape, names in by_shape.items()]


def _shape(document: Mapping[str, Any], shape: str, names: list[str]) -> Shape:
    schema = document["components"]["schemas"][shape]
    examples = [document["components"]["messages"][name]["examples"][0]["payload"] for name in names]
    return Shape(
        name=shape,
        title=schema["title"],
        description=schema["description"],
        topics=[_topic(document, name) for name in names],
        fields=rows(schema, examples),
    )


def _topic(document: Mapping[str, Any], name: str) -> TopicPart:
    message = document["components"]["messages"][name]
    example = message["examples"][0]
    return TopicPart(
        address=document["channels"][name]["address"],
        side=_SIDE[document["operations"][name]["action"]],
        summary=message["summary"],
        key=message["bindings"]["kafka"]["key"]["description"],
        headers=rows(resolved(message["headers"]), [example["headers"]]),
        example=json.dumps(example["payload"], indent=2, ensure_ascii=False),
    )
