"""The site is built without a warning, loads nothing from elsewhere, and reads the pages as GitHub does."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.site.chart import NotDrawable, drawn
from tests.site.hook import OUTSIDE, prepared
from tests.site.pages import ROOT

REPOSITORY = "https://repository.example/relay"
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "embed": "src"}
CHART = 'xychart-beta\n    title "MB & more"\n    x-axis [0, 1, 2]\n    line [10, 20.5, 15]\n'


class Loads(HTMLParser):
    """Notes what a page loads, and where it leads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.classes: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        has = dict(attrs)
        self.classes.update((has.get("class") or "").split())
        if tag == "link" and has.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(has.get("href") or "")
        if tag in LOADING and has.get(LOADING[tag]):
            self.loads.append(has[LOADING[tag]] or "")
        if tag == "a":
            self.leads.append(has.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make site` does, with an address of the repository."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "REPOSITORY_URL": REPOSITORY},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def pages(site: Path) -> Iterator[Loads]:
    """Give the pages of the site."""
    found = list(site.rglob("*.html"))
    assert len(found) > len(OUTSIDE)
    for page in found:
        yield Loads(page)


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    """Neither scripts, styles, fonts nor pictures; no element for which the theme would fetch a script."""
    for page in pages(site):
        assert [one for one in page.loads if re.match(r"[a-z]+:|//", one) and not one.startswith("data:")] == []
        assert "mermaid" not in page.classes
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"""(?:url\(|@import)\s*["']?(?:https?:|//)[^)]*""", styles) == []


def test_no_picture_loads_anything_from_elsewhere() -> None:
    """Pictures have the fonts of the reader's machine, and no scripts."""
    pictures = [path.read_text(encoding="utf-8") for path in (ROOT / "docs/images").glob("*.svg")]
    assert pictures
    for picture in pictures:
        assert not re.search(r"(?:href|src)=|url\((?!#)|url\(\"?(?!#)|@import|<script|<foreignObject", picture)


def test_links_to_the_source_lead_to_the_repository(site: Path) -> None:
    """Each is a path that exists."""
    linked = {lead.removeprefix(f"{REPOSITORY}/blob/HEAD/") for page in pages(site) for lead in page.leads}
    sources = {lead for lead in linked if lead.startswith(("relay/", "tests/"))}
    assert sources
    assert [lead for lead in sources if not (ROOT / lead).exists()] == []


def test_every_page_outside_docs_is_there(site: Path) -> None:
    """What lies beside docs/ is part of the site, a provider's sources as well."""
    assert {f"relay/providers/{path.parent.name}/README.md" for path in ROOT.glob("relay/providers/*/README.md")} <= {
        *OUTSIDE
    }
    assert [page for page in OUTSIDE.values() if not (site / page.removesuffix(".md") / "index.html").is_file()] == []


@pytest.mark.parametrize(
    ("page", "link", "becomes"),
    [
        ("scaling.md", "[x](security.md#rights)", "[x](security.md#rights)"),
        ("scaling.md", "[x](../SECURITY.md)", "[x](outside/threat-model.md)"),
        ("providers/hyber.md", "[x](../../relay/providers/hyber/README.md)", "[x](../outside/hyber.md)"),
        ("scaling.md", "[`x`](../relay/app.py)", f"[`x`]({REPOSITORY}/blob/HEAD/relay/app.py)"),
        ("scaling.md", "[x](decisions)", "[x](decisions/README.md)"),
        ("outside/readme.md", "[x](docs/events.md)", "[x](../events.md)"),
        ("outside/readme.md", "![x](docs/images/demo.svg)", "![x](../images/demo.svg)"),
        (
            "outside/readme.md",
            "[![x](docs/images/demo.svg)](docs/events.md)",
            "[![x](../images/demo.svg)](../events.md)",
        ),
        ("scaling.md", "[x](https://x.example)", "[x](https://x.example)"),
        ("scaling.md", "`[x](../relay/app.py)`", "`[x](../relay/app.py)`"),
        ("scaling.md", "```\n[x](../relay/app.py)\n```", "```\n[x](../relay/app.py)\n```"),
        ("scaling.md", "1. a\n\n   b\n2. c", "1. a\n\n    b\n\n2. c"),
    ],
)
def test_a_page_is_prepared(page: str, link: str, becomes: str) -> None:
    """Links lead to the site's pages or to the repository, items of lists are indented; code stays."""
    assert prepared(link, page, REPOSITORY) == becomes


def test_without_a_repository_links_to_the_source_are_text() -> None:
    """A link that leads nowhere is none."""
    assert prepared("See [`x`](../relay/app.py).", "scaling.md", "") == "See `x`."


def test_a_line_is_drawn() -> None:
    """A Mermaid chart becomes a picture, within its frame, with its title and the ends of its axis."""
    picture = prepared(f"```mermaid\n{CHART}```", "reliability.md", "")
    assert picture.startswith("<figure><svg ")
    assert ">MB &amp; more</text>" in picture
    assert [">0</text>" in picture, ">2</text>" in picture] == [True, True]
    (points,) = re.findall(r'points="([^"]+)"', picture)
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert places[1][1] < places[2][1] < places[0][1]
    assert "\n" not in picture


@pytest.mark.parametrize(
    "source",
    [
        "flowchart LR\n  a --> b",
        CHART.replace("line", "bar"),
        CHART + "    line [1, 2, 3]\n",
        CHART.replace("20.5", '"x"'),
        CHART.replace("[0, 1, 2]", "[0, 1]"),
    ],
)
def test_what_cannot_be_drawn_is_refused(source: str) -> None:
    """The theme would fetch Mermaid for it, or show half of it."""
    with pytest.raises(NotDrawable):
        drawn(source)
