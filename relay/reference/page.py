"""The events reference as one HTML page: no script, nothing loaded from elsewhere, nothing that could publish."""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Final

from relay.reference.contents import Shape, TopicPart, rules, shapes
from relay.reference.fields import Row

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#1c1e21;background:#fff}"
    "table{border-collapse:collapse;display:block;overflow-x:auto;margin:1rem 0}"
    "th,td{border:1px solid #c6cad0;padding:.3rem .6rem;text-align:left;vertical-align:top}th{background:#f1f3f5}"
    "code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f1f3f5;padding:.8rem;overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{color:#e4e6ea;background:#16181b}th,pre{background:#24272b}"
    "th,td{border-color:#474c53}a{color:#8ab4f8}}"
)
_CODE: Final = re.compile("`([^`]+)`")


def reference_page(document: Mapping[str, Any], link: str) -> str:
    """Give the page for an AsyncAPI document; `link`: where the document itself is, seen from the page."""
    told = shapes(document)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(document['info']['title'])}: events</title><style>{_STYLE}</style></head><body>",
        f"<h1>{_text(document['info']['title'])} {_text(document['info']['version'])}: events</h1>",
        f"<p>{_text(document['info']['description'])}</p>",
        f'<p>The same for tools: <a href="{escape(link)}">AsyncAPI {_text(document["asyncapi"])} document</a>.</p>',
        _contents(told),
        *map(_block, rules().strip().split("\n\n")),
        *(part for shape in told for part in _shape(shape)),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    """Escape a text; what stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _block(text: str) -> str:
    """Give a heading or a paragraph of the rules' Markdown, which has nothing else."""
    title = text.removeprefix("## ")
    return _paragraph(text) if title == text else f"<h2>{_text(title)}</h2>"


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _contents(told: Iterable[Shape]) -> str:
    lines = (
        f'<li><a href="#{escape(topic.address)}"><code>{escape(topic.address)}</code></a>: {_text(topic.side)}.'
        f" {_text(topic.summary)}</li>"
        for shape in told
        for topic in shape.topics
    )
    return f"<ul>{''.join(lines)}</ul>"


def _shape(shape: Shape) -> Iterator[str]:
    yield f'<h2 id="{escape(shape.name)}">{_text(shape.title)}</h2>{_paragraph(shape.description)}'
    yield _rows("field", shape.fields)
    for topic in shape.topics:
        yield from _topic(topic)


def _topic(topic: TopicPart) -> Iterator[str]:
    yield f'<h3 id="{escape(topic.address)}"><code>{escape(topic.address)}</code></h3>'
    yield _paragraph(f"{topic.summary} Direction: {topic.side}. Key: {topic.key}")
    yield _rows("header", topic.headers)
    yield f"<pre>{escape(topic.example)}</pre>"


def _rows(noun: str, rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{name}</th>" for name in (noun, "type", "presence", "meaning", "example"))
    return f"<table><tr>{head}</tr>{''.join(map(_row, rows))}</table>"


def _row(row: Row) -> str:
    example = f"<code>{escape(row.example)}</code>" if row.example else ""
    cells = (
        f"<code>{escape(row.path)}</code>",
        escape(row.type),
        "always" if row.required else "optional",
        _text(row.meaning),
        example,
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
