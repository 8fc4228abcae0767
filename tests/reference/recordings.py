"""Plays the demo, explains one of its calls, and keeps both as pictures of a terminal: `make recordings`.

Takes a minute and an Apache Kafka of its own. Figures and ids are those of that run, so the pictures change each time.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Self

from rich.console import Console
from rich.padding import Padding
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from relay.configuration import Settings, TopicSettings
from relay.demo.figures import Scene
from relay.demo.folder import FOLDER
from relay.demo.scene import demo
from relay.demo.screen import INDENT, Screen
from relay.kafka.embedded.broker import EmbeddedKafka
from relay.kafka.embedded.progress import Progress
from tests.reference.logs_page import ROOT
from tests.reference.terminal_picture import terminal_picture

IMAGES = ROOT / "docs/images"
MESSAGES = 300
DEMO_COLUMNS, EXPLAIN_COLUMNS = 94, 128
PROMPT = ("$ ", "dim")


class Still(Screen):
    """The demo's screen without what moves: the picture shows how it ended."""

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[Progress]:  # noqa: ARG002 - the screen's own signature
        """Show nothing of what is waited for."""
        yield lambda *_: None

    def __enter__(self) -> Self:
        return self

    def show(self, scene: Scene) -> None:
        """Show no figures but the last."""

    def lines(self, heading: str, commands: object) -> None:
        """Leave out the commands that look at this very run."""

    def _line(self, text: Text) -> None:
        """Show a line within the picture's width, which cuts what a terminal would wrap."""
        self._console.print(Padding(text, INDENT))


def a_terminal(columns: int) -> Console:
    """Return a console that records in colours."""
    return Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")


def recorded_demo() -> str:
    """Play the demo; return its picture."""
    console = a_terminal(DEMO_COLUMNS)
    console.print(Text.assemble(PROMPT, "make demo"))
    if not demo(Settings(), Still(console), count=MESSAGES, keep=False):
        sys.exit("the demo failed; nothing was recorded")
    return terminal_picture(console.export_svg(title="make demo", theme=SVG_EXPORT_THEME, unique_id="demo"))


def recorded_explanation(servers: str) -> str:
    """Explain the first call that was answered; return the picture."""
    answered = _said("relay.demo.look", TopicSettings().answered, servers=servers)
    words = ("explain", answered.partition("\t")[0])
    console = a_terminal(EXPLAIN_COLUMNS)
    console.print(Text.assemble(PROMPT, " ".join(("relay", *words))))
    console.print()
    for line in _said("relay", *words, servers=servers).splitlines():
        console.print(Text.from_ansi(line.rstrip()))
    return terminal_picture(console.export_svg(title="relay explain", theme=SVG_EXPORT_THEME, unique_id="explain"))


def _said(module: str, *words: str, servers: str) -> str:
    """Return what a command says to a terminal that has colours."""
    options = ("--config", str(FOLDER / "relay.toml"), "--bootstrap-servers", servers)
    return subprocess.run(
        [sys.executable, "-m", module, *words, *options],
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(EXPLAIN_COLUMNS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def main() -> None:
    """Write both pictures."""
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "demo.svg").write_text(recorded_demo(), encoding="utf-8")
    with EmbeddedKafka.start(data=FOLDER / "kafka") as kafka:
        (IMAGES / "explain.svg").write_text(recorded_explanation(kafka.bootstrap_servers), encoding="utf-8")


if __name__ == "__main__":
    main()
