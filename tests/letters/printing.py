"""What a view looks like in a pipe."""

import io

from rich.console import Console, RenderableType


def printed(view: RenderableType) -> str:
    """Return the text, lines without the blanks at their ends."""
    console = Console(file=io.StringIO(), width=1000)
    with console.capture() as captured:
        console.print(view)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())
