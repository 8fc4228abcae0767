"""The repository's pages as GitHub reads them: their links, the anchors of their headings, the code in them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
READER = MarkdownIt("commonmark").enable("table")
SHELLS = {"console", "sh", "bash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What a page says to a program; `code`: what stands between backticks, `shell` and `toml`: blocks of these."""

    links: tuple[str, ...]
    anchors: frozenset[str]
    code: tuple[str, ...]
    shell: tuple[str, ...]
    toml: tuple[str, ...]


def page_paths() -> list[Path]:
    """Return the pages that people read."""
    named = [
        ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md", "deploy/README.md", "examples/README.md")
    ]
    found = [*ROOT.glob("schemas/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("relay/providers/*/README.md")]
    return [*named, *sorted(found)]


@cache
def page_text(path: Path) -> PageText:
    """Read a page."""
    return read(path.read_text(encoding="utf-8"))


def read(markdown: str) -> PageText:
    """Read the text of a page."""
    tokens = READER.parse(markdown)
    inner = [child for token in tokens for child in token.children or ()]
    links = [child.attrGet("href") or child.attrGet("src") for child in inner if child.type in ("link_open", "image")]
    return PageText(
        links=tuple(str(link) for link in links),
        anchors=frozenset(_anchors(tokens)),
        code=tuple(child.content for child in inner if child.type == "code_inline"),
        shell=_blocks(tokens, SHELLS),
        toml=_blocks(tokens, {"toml"}),
    )


def _blocks(tokens: list[Token], languages: set[str]) -> tuple[str, ...]:
    return tuple(token.content for token in tokens if token.type == "fence" and token.info.strip() in languages)


def _anchors(tokens: list[Token]) -> Iterator[str]:
    """Give the anchors that GitHub makes of headings."""
    seen: Counter[str] = Counter()
    for opening, heading in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(child.content for child in heading.children or () if child.type in ("text", "code_inline"))
            name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            yield f"{name}-{seen[name]}" if seen[name] else name
            seen[name] += 1
