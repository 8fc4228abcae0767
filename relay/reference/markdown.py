"""The events reference as Markdown, for `docs/`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from relay.reference.contents import Shape, TopicPart, rules, shapes
from relay.reference.fields import Row

_HEAD = """# Events

What the public topics carry, field by field. Generated from the code and its examples by `relay schemas write`;
the same as an AsyncAPI 3 document: [asyncapi.json](asyncapi.json), as a page: [asyncapi.html](asyncapi.html).
"""


def events_reference(document: Mapping[str, Any]) -> str:
    """Give the text for an AsyncAPI document."""
    parts = [_HEAD, rules(), *(part for shape in shapes(document) for part in _shape(shape))]
    return "\n".join(parts)


def _shape(shape: Shape) -> Iterator[str]:
    yield f"## {shape.title}\n\n{shape.description}\n"
    yield _table(
        ("topic", "", "", "key"),
        ((f"`{topic.address}`", topic.side, _plain(topic.summary), _plain(topic.key)) for topic in shape.topics),
    )
    yield _rows("field", shape.fields)
    for topic in shape.topics:
        yield from _topic(topic)


def _topic(topic: TopicPart) -> Iterator[str]:
    yield f"### {topic.address}\n"
    yield _rows("header", topic.headers)
    yield f"```json\n{topic.example}\n```\n"


def _rows(noun: str, rows: Iterable[Row]) -> str:
    return _table(
        (noun, "type", "presence", "meaning", "example"),
        (
            (
                f"`{row.path}`",
                row.type,
                "always" if row.required else "optional",
                _plain(row.meaning),
                f"`{row.example}`" if row.example else "",
            )
            for row in rows
        ),
    )


def _table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rule = ("---",) * len(head)
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in (head, rule, *lines)) + "\n"


def _cell(text: str) -> str:
    """Keep a text in its cell: a bar ends one, a line break ends the table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Keep a text from being taken for HTML or emphasis."""
    return text.replace("<", "&lt;").replace("*", "\\*")
