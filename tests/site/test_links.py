"""Every link within the repository leads somewhere, on GitHub; those into the network are not followed."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.site.pages import ROOT, PageText, page_paths, page_text, read

IGNORED = ".relay"


def broken(path: Path, text: PageText) -> Iterator[str]:
    """Give the links of a page that lead nowhere, and why."""
    for link in text.links:
        if re.match(r"https?://|mailto:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.is_relative_to(ROOT) or not target.exists() or IGNORED in target.relative_to(ROOT).parts:
            yield f"{link}: there is no such file"
        elif anchor and (target.suffix != ".md" or anchor not in (page_text(target) if name else text).anchors):
            yield f"{link}: there is no such heading"


@pytest.mark.parametrize("path", page_paths(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_link_is_broken(path: Path) -> None:
    """Files, folders and headings that a page links to exist."""
    assert list(broken(path, page_text(path))) == []


@pytest.mark.parametrize(
    "link",
    ["nothing.md", "../../elsewhere.md", "#nowhere", "scaling.md#nowhere", "asyncapi.html#x", ".relay/x", "/docs"],
)
def test_a_broken_link_is_found(link: str) -> None:
    """Missing files, missing headings, and what lies outside the repository."""
    text = read(f"# Somewhere\n\n[here](#somewhere) [there](scaling.md#memory) ![picture]({link})")
    assert [one.partition(":")[0] for one in broken(ROOT / "docs/scaling.md", text)] == [link]


def test_anchors_are_those_of_github() -> None:
    """Code counts, signs don't, spaces are not folded, and a heading that comes twice is numbered."""
    text = read("# A `b_c` & d!\n\n## Same\n\n## Same\n\n```\n# none\n```\n")
    assert text.anchors == {"a-b_c--d", "same", "same-1"}
