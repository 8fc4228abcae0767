"""Writes a provider's page from its value, its settings, and what its code makes of each code that it knows."""

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from relay.providers import PROVIDERS, Asks, Provider
from tests.providers.subjects import Case, filled, shown, subject, told

MARK = r"\$(\d)"
PROSE = {"reason.category": "reason", "call.outcome": "call", "engagements": "also", "unmapped": "counted as unmapped"}
ITSELF = "reason.code"  # the code, or that of the status where the error says nothing
HEAD = """\
# {title}

Generated from [relay/providers/{name}](../../relay/providers/{name}) and from what its code makes of each code by `make docs`; not written by hand. Quirks, errors, sources, and how certain each fact is: its [README](../../relay/providers/{name}/README.md).

{about}

## What is supported

| | |
|---|---|
"""  # noqa: E501 - lines of Markdown
SETTINGS = """
## Settings

In `[accounts.NAME]`, with `provider = "{name}"`. Of a secret and its `_file` one is given.

| key | default | what it is |
|---|---|---|
"""
CODES = """
## Codes

What the relay makes of them, by reading them in answers as the provider writes them. `-` is none. An unknown code never fails an answer: it is counted (`relay_unmapped_codes_total`) and logged (`report.unmapped`).
"""  # noqa: E501 - lines of Markdown


def provider_page(name: str) -> str:
    """Return the page's text."""
    provider = PROVIDERS[name]
    title, _, rest = (sys.modules[provider.settings.__module__.rpartition(".")[0]].__doc__ or "").strip().partition(":")
    about = rest.strip()
    head = HEAD.format(title=title.partition(",")[0], name=name, about=about[:1].upper() + about[1:])
    supported = "".join(f"| {what} | {words} |\n" for what, words in _supported(provider))
    keys = "".join(f"| `{key}` | {default} | {words} |\n" for key, default, words in settings_of(provider.settings))
    codes = "".join(_code_table(name, table) for table in told(name)["codes"])
    return f"{head}{supported}{SETTINGS.format(name=name)}{keys}{CODES}{codes}"


def _supported(provider: Provider) -> Iterator[tuple[str, str]]:
    rules = provider.input_rules
    asked = isinstance(provider.reports, Asks)
    yield "reports", "asked for message by message" if asked else "collected by the page; each is handed out once"
    needed = f"; exactly one of {_code(rules.exactly_one_of)}" if rules.exactly_one_of else ""
    yield "FetchRequest", f"all fields but {_code(rules.foreign_fields)}{needed}"
    yield "MessageSent", f"needs {_code(rules.sent_requires) or '`message_id` or `extra_id`'}"
    yield "`seen`", f"watched for on {_code(sorted(provider.seen_channels))}" if provider.seen_channels else "never"
    consumes = "" if asked else ", of the log: reading reports consumes them; without a log it asks nothing"
    yield "`relay check`", f"asks whether the credentials are accepted{consumes}"


def settings_of(settings: type[BaseModel], table: str = "") -> Iterator[tuple[str, str, str]]:
    """Give key, default and meaning of each setting, those of inner tables after the plain ones."""
    inner = []
    for name, field in settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner.append((name, field.annotation))
        elif name != "provider":
            yield f"{table}{name}", _default(field), _escaped(field.description or "")
    for name, section in inner:
        yield from settings_of(section, f"{table}{name}.")


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "needed"
    if value is None or isinstance(value, SecretStr):
        return ""
    return f"`{list(value) if isinstance(value, tuple) else _toml(value)}`"


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _code_table(name: str, table: dict[str, Any]) -> str:
    bodies, says = table["bodies"], [word for word in table["says"] if word != ITSELF]
    found = [(codes, _read(name, filled(bodies[0], codes), says)) for codes in _entries(table)]
    heads = [*_columns(bodies), *(PROSE.get(word, word) for word in says)]
    lines = [f"\n{_sentence(table['about'])}\n", _line(heads), _line(["---"] * len(heads), "")]
    for said, rows in groupby(found, key=lambda row: row[1]):
        lines += [_line([*codes, *said]) for codes in _folded([codes for codes, _ in rows])]
    return "\n".join(lines) + "\n"


def _read(name: str, body: str, says: Sequence[str]) -> tuple[str, ...]:
    """Return what the provider's own code says of a body."""
    reader: Any = subject(name)
    (report,), _ = reader.said(reader.read(Case(provider=name, situation="", body=body.encode(), expected={})))
    return tuple(shown(report, word) for word in says)


def _entries(table: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for line in table["rows"]:
        yield from (tuple(entry.split()) for entry in line.split(":")[1].split(","))


def _folded(entries: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Give plain numbers that mean the same as one cell; a code with a name gets a line of its own."""
    if len(entries[0]) > 1:
        yield from entries
    else:
        yield (", ".join(code for (code,) in entries),)


def _columns(bodies: Sequence[str]) -> list[str]:
    """Return how the provider names the field of each code, in the first body that has it."""
    found = [pair for body in bodies for pair in re.findall(rf'"(\w+)": "?{MARK}', body)]
    names = {int(mark): field for field, mark in reversed(found)}
    return [f"`{names[number]}`" for number in sorted(names)]


def _line(cells: Sequence[str], pad: str = " ") -> str:
    return f"|{'|'.join(f'{pad}{cell}{pad}' for cell in cells)}|"


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
