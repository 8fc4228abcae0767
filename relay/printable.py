"""Takes text from anywhere and gives text that moves no cursor and starts no line on a terminal."""


def printable(text: str) -> str:
    """Replace every control, format and other unprintable character by its backslash escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
