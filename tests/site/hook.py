"""What the site does to pages: takes some from outside docs/, and leads each link to a page, or to the repository.

Loaded by MkDocs (mkdocs.yml). On GitHub the same files are read as they are, so nothing here may be needed there.
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tests.site.chart import drawn

ROOT = Path(__file__).parents[2]
DOCS = "docs"
OUTSIDE: Mapping[str, str] = {
    "README.md": "outside/readme.md",
    "CHANGELOG.md": "outside/changelog.md",
    "SECURITY.md": "outside/threat-model.md",
    "deploy/README.md": "outside/deploy.md",
    "examples/README.md": "outside/consumers.md",
    "schemas/README.md": "outside/schemas.md",
    "relay/providers/hyber/README.md": "outside/hyber.md",
    "relay/providers/infobip_voice/README.md": "outside/infobip_voice.md",
}
"""Files of the repository that are pages of the site, and which."""
SOURCES: Mapping[str, str] = {page: source for source, page in OUTSIDE.items()}

_LINK = re.compile(
    r"(?P<code>`+[^`]*`+)|(?P<image>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`|!\[[^\]]*\]\([^)]*\))*)\]\((?P<target>[^)\s]+)\)"
)
_FENCE = re.compile(r"(?ms)^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```$")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs/."""
    for source, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Give the text of a page as the site needs it."""
    return prepared(markdown, page.file.src_uri, config.repo_url or "")


def prepared(markdown: str, page: str, repository: str) -> str:
    """Rewrite what GitHub reads otherwise than the site does; code stays as it is."""
    parts, at = [], 0
    for fence in _FENCE.finditer(markdown):
        code = drawn(fence["body"]) if fence["language"] == "mermaid" else fence.group()
        parts += [_text(markdown[at : fence.start()], page, repository), code]
        at = fence.end()
    return "".join([*parts, _text(markdown[at:], page, repository)])


def _text(text: str, page: str, repository: str) -> str:
    # By Python-Markdown's rules what belongs to an item of a list is indented by four, and ends with an empty line.
    indented = re.sub(r"(?m)^ {3}(?=\S)", "    ", text)
    indented = re.sub(r"(?m)^( {4}.+\n)(?=\d+\. )", r"\1\n", indented)
    return _LINK.sub(lambda link: _link(link, page, repository), indented)


def _link(link: re.Match[str], page: str, repository: str) -> str:
    target = link["target"]
    if link["code"] or _ELSEWHERE.match(target):
        return link.group()
    path, hash_sign, anchor = target.partition("#")
    source = SOURCES.get(page, f"{DOCS}/{page}")
    named = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    text = _LINK.sub(lambda inner: _link(inner, page, repository), link["text"])
    if (found := _page_of(named)) is not None:
        to = posixpath.relpath(found, posixpath.dirname(page) or ".")
        return f"{link['image']}[{text}]({to}{hash_sign}{anchor})"
    return f"[{text}]({repository.rstrip('/')}/blob/HEAD/{named})" if repository else text


def _page_of(named: str) -> str | None:
    """Return the site's own file for a file of the repository, None where it has none."""
    if (ROOT / named).is_dir():
        named = f"{named}/README.md"
    if named in OUTSIDE:
        return OUTSIDE[named]
    return named.removeprefix(f"{DOCS}/") if named.startswith(f"{DOCS}/") and (ROOT / named).is_file() else None
