"""The pictures of a terminal: whole, with nothing that moves, and nothing that is loaded."""

import pytest
from defusedxml.ElementTree import fromstring
from rich.terminal_theme import SVG_EXPORT_THEME

from tests.reference.recordings import IMAGES, Still, a_terminal
from tests.reference.terminal_picture import terminal_picture

FOREIGN = ("@font-face", "https:", "cdnjs", "<script")


def words(svg: str) -> str:
    """Return what a person reads in a picture; it must be well-formed."""
    return " ".join("".join(fromstring(svg).itertext()).replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_picture_says_what_the_terminal_said_and_loads_nothing() -> None:
    """The font that rich would have fetched is gone, the words are there."""
    console = a_terminal(40)
    console.print("[green]✓[/green] published <exactly> once")
    exported = console.export_svg(title="demo", theme=SVG_EXPORT_THEME, unique_id="x")
    assert "cdnjs" in exported
    picture = terminal_picture(exported)
    assert "✓ published <exactly> once" in words(picture)
    assert [one for one in FOREIGN if one in picture] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("demo", "Every status change the providers knew was published exactly once: yes"),
        ("explain", "nothing is waited for"),
        ("flow", "one Kafka transaction"),
        ("states", "supersedes"),
        ("read-once", "GET, never repeated"),
    ],
)
def test_the_kept_pictures_are_whole(name: str, said: str) -> None:
    """Each is well-formed, says its main thing, and loads nothing."""
    picture = (IMAGES / f"{name}.svg").read_text(encoding="utf-8")
    assert said in words(picture)
    assert [one for one in FOREIGN if one in picture] == []


def test_a_still_screen_shows_no_waiting_and_no_commands() -> None:
    """Only what stays on the screen gets into the picture."""
    console = a_terminal(60)
    screen = Still(console)
    with screen.waiting("Kafka starts") as progress:
        progress("jars", 1, 2)
    with screen:
        screen.lines("To look yourself:", ["kcat"])
    assert console.export_text() == ""
    screen.step("Kafka", "started " + "and waiting " * 9)
    lines = console.export_text().splitlines()
    assert lines[0].split()[:3] == ["✓", "Kafka", "started"]
    assert "".join(lines).count("waiting") == 9
    assert all(len(line) <= 60 for line in lines)
