"""Writes TOML, which the standard library only reads."""

import json
from collections.abc import Mapping
from typing import Any


def as_toml(tables: Mapping[str, Any], above: str = "") -> str:
    """Write nested tables of text, numbers and truth values as TOML; keys must be bare, `above` ends with a dot."""
    values = {key: value for key, value in tables.items() if not isinstance(value, Mapping)}
    # JSON's texts are TOML's, but for one character that only TOML wants escaped.
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", r"\u007f") for key, value in values.items()
    ]
    text = "".join(f"{line}\n" for line in lines)
    for key, table in tables.items():
        if isinstance(table, Mapping) and table:
            name = f"{above}{key}"
            text += f"\n[{name}]\n" + as_toml(table, f"{name}.")
    return text
