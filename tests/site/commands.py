"""Says what is wrong with a command that a page names: of the relay, of make, or of a language's interpreter."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from typer import Context
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from relay.commands import app
from tests.site.pages import ROOT, PageText

INTERPRETERS = {"python", "python3", "node", "java"}
OPERATORS = {"&", "&&", "|", "||", ";", "--", "then", "do"}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"(?m)^([a-z][\w-]*):", MAKEFILE))
VARIABLES = set(re.findall(r"\$\((\w+)\)|(?m:^(\w+) [?:]?=)", MAKEFILE))
RELAY = get_command(app)


def commands(text: PageText) -> Iterator[list[str]]:
    """Give the words of each command between backticks, and of each in a block of commands."""
    for code in text.code:
        yield from _split(code)
    for block in text.shell:
        for line in block.replace("\\\n", " ").splitlines():
            yield from _split(line)


def _split(line: str) -> Iterator[list[str]]:
    try:
        words = shlex.split(line.replace("…", ""), comments=True)
    except ValueError:  # a quotation mark of something that is no command
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word in OPERATORS:
            if command:
                yield command
            command = []
        else:
            command.append(word)


def faults(words: Sequence[str]) -> list[str]:
    """Say what of a command doesn't exist; a command of others has no faults."""
    first, rest = words[0].removeprefix(".venv/bin/"), list(words[1:])
    if first == "relay" and rest:
        return list(_of_relay(RELAY, rest))
    if first == "make" and rest:
        return list(_of_make(rest))
    return list(_of_interpreters(rest)) if first in INTERPRETERS else []


def _of_relay(command: Any, words: Sequence[str]) -> Iterator[str]:
    if isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        for name in words[0].split("|"):
            inner = command.get_command(Context(command), name)
            yield from [f"no command {name}"] if inner is None else _of_relay(inner, words[1:])
        return
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts) if name[0] == "-"}
    places = [one.nargs for one in command.params if isinstance(one, TyperArgument)]
    given, left = 0, list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            given += 1
        elif (option := options.get(word.partition("=")[0])) is None and word != "--help":
            yield f"no option {word}"
        elif isinstance(option, TyperOption) and not option.is_flag and "=" not in word and left:
            left.pop(0)
    if given > sum(places) and -1 not in places:
        yield f"{given} names, too many for {command.name}"


def _of_make(words: Sequence[str]) -> Iterator[str]:
    known = {name for pair in VARIABLES for name in pair}
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name not in known:
            yield f"no variable {name}"
        if not equals and word not in TARGETS:
            yield f"no target {word}"


def _of_interpreters(words: Sequence[str]) -> Iterator[str]:
    module = words[1] if len(words) > 1 and words[0] == "-m" else ""
    if module.startswith(("tests", "relay", "examples")):
        path = ROOT.joinpath(*module.split("."))
        if not path.with_suffix(".py").is_file() and not (path / "__main__.py").is_file():
            yield f"no module {module}"
    for word in words:
        if word.endswith((".py", ".mjs", ".java")) and not (ROOT / word).is_file():
            yield f"no file {word}"
