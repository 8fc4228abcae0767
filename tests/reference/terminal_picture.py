"""Makes a picture of a terminal, as rich exports it, load nothing: its font comes from a network otherwise."""

import re

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)


def terminal_picture(svg: str) -> str:
    """Return the picture with the fonts that the reader's machine has."""
    local = _COMMENT.sub("", _FONT_FACE.sub("", svg)).replace("Fira Code, monospace", FONTS)
    return "\n".join(line.rstrip() for line in local.splitlines() if line.strip()) + "\n"
